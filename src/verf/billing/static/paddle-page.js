// Opens Paddle's checkout for the transaction in the address of this page: Paddle's script reads `_ptxn` by itself.

const page = document.getElementById("paddle");
const { token, environment, back, locale } = page.dataset;
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const theme = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");

function fail() {
  document.getElementById("opening").hidden = true;
  document.getElementById("failed").hidden = false;
}

document.getElementById("again").addEventListener("click", () => location.reload());

if (window.Paddle) {
  if (environment === "sandbox") window.Paddle.Environment.set("sandbox");
  window.Paddle.Initialize({
    token,
    checkout: { settings: { displayMode: "overlay", locale, theme, successUrl: back } },
    eventCallback: ({ name }) => name === "checkout.error" && fail(),
  });
} else fail();
