"""The side menu, from what the rooms and products declare."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from verf.manifest import NavigationItem, Role, Room
from verf.web.locales import gettext

ROLES: tuple[str, ...] = get_args(Role)


@dataclass(frozen=True)
class Link:
    label: str
    href: str
    icon: str
    current: bool


@dataclass(frozen=True)
class Menu:
    title: str
    links: Sequence[Link]


def declared_menus(rooms: Iterable[Room]) -> list[tuple[str, Sequence[NavigationItem]]]:
    """Products first, under their own titles; then the platform's pages; staff pages are parted when shown."""
    groups = [(getattr(room, "title", ""), room.navigation) for room in rooms if room.navigation]
    return sorted(groups, key=lambda group: not group[0])


def menus_for(viewer: Any, path: str, declared: Sequence[tuple[str, Sequence[NavigationItem]]]) -> list[Menu]:
    """What this person may open, with the page they are on marked."""
    if viewer is None:
        return []
    visible = [(title, [item for item in items if _may_see(viewer, item)]) for title, items in declared]
    here = _current(path, [item for _, items in visible for item in items])
    menus = [_menu(title, [item for item in items if not item.staff], here) for title, items in visible]
    staff = [item for _, items in visible for item in items if item.staff]
    return [menu for menu in [*menus, _menu(gettext("Staff"), staff, here)] if menu.links]


def _menu(title: str, items: Sequence[NavigationItem], here: str) -> Menu:
    links = [Link(gettext(item.label), item.href, item.icon, item.href == here) for item in items]
    return Menu(gettext(title), links)


def _may_see(viewer: Any, item: NavigationItem) -> bool:
    if item.staff:
        return bool(viewer.is_staff)
    role = getattr(viewer, "role", None)
    return item.role == "viewer" or (role in ROLES and ROLES.index(role) >= ROLES.index(item.role))


def _current(path: str, items: Sequence[NavigationItem]) -> str:
    fitting = [item.href for item in items if path == item.href or path.startswith(item.href.rstrip("/") + "/")]
    return max(fitting, key=len, default="")
