-- By how much a balance fell for one job that was alone on the account.
CREATE TABLE price_samples (
    job INTEGER PRIMARY KEY REFERENCES jobs (seq),
    model TEXT NOT NULL,
    terms TEXT NOT NULL,
    credits INTEGER NOT NULL CHECK (credits > 0),
    at REAL NOT NULL
) STRICT;

CREATE INDEX price_samples_terms ON price_samples (model, terms, at);

CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
