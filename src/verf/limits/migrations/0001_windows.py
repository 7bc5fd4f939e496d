"""Hits counted for several processes. Unlogged: after a crash everybody starts with a full quota."""

from alembic import op

revision = "limits_0001"
down_revision = None
branch_labels = ("limits",)
depends_on = None

# The same decision as verf.limits.windows.take, behind one row lock. The clock is read after the lock is held.
TAKE = """
CREATE FUNCTION limits.take(
    wanted text, quota int, span float8, cost int, grain float8,
    OUT allowed boolean, OUT remaining int, OUT reset_after float8, OUT retry_after float8
) LANGUAGE plpgsql AS $$
DECLARE
    moments float8[]; hits int[]; moment float8; used int; last int; excess int; needed int := greatest(cost, 1);
BEGIN
    LOOP
        INSERT INTO limits.windows (key, times, counts, expires_at) VALUES (wanted, '{}', '{}', clock_timestamp())
        ON CONFLICT (key) DO NOTHING;
        SELECT w.times, w.counts INTO moments, hits FROM limits.windows w WHERE w.key = wanted FOR UPDATE;
        EXIT WHEN FOUND;  -- else it was swept away in between
    END LOOP;
    moment := extract(epoch FROM clock_timestamp());
    WHILE cardinality(moments) > 0 AND moments[1] + span <= moment LOOP
        moments := moments[2:]; hits := hits[2:];
    END LOOP;
    used := coalesce((SELECT sum(c) FROM unnest(hits) c), 0);
    allowed := used + needed <= quota;
    last := cardinality(moments);
    IF allowed AND cost > 0 THEN
        IF last > 0 AND floor(moments[last] / grain) = floor(moment / grain) THEN
            moments[last] := moment; hits[last] := hits[last] + cost;
        ELSE
            moments := moments || moment; hits := hits || cost; last := last + 1;
        END IF;
        used := used + cost;
        UPDATE limits.windows w SET times = moments, counts = hits,
            expires_at = to_timestamp(moment + span) WHERE w.key = wanted;
    END IF;
    remaining := greatest(0, quota - used);
    reset_after := CASE WHEN last > 0 THEN moments[last] + span - moment ELSE 0 END;
    retry_after := 0;
    IF NOT allowed THEN
        retry_after := span;
        excess := used + needed - quota;
        FOR place IN 1..last LOOP
            excess := excess - hits[place];
            IF excess <= 0 THEN retry_after := moments[place] + span - moment; EXIT; END IF;
        END LOOP;
    END IF;
END $$
"""


def upgrade() -> None:
    op.execute("""
        CREATE UNLOGGED TABLE limits.windows (
            key text PRIMARY KEY, times float8[] NOT NULL, counts int[] NOT NULL, expires_at timestamptz NOT NULL
        ) WITH (fillfactor = 50)
    """)
    op.execute("CREATE INDEX windows_expires_at ON limits.windows (expires_at)")
    op.execute(TAKE)


def downgrade() -> None:
    op.execute("DROP FUNCTION limits.take")
    op.execute("DROP TABLE limits.windows")
