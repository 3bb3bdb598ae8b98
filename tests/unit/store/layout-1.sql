PRAGMA application_id = 1381323592;
PRAGMA user_version = 1;

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN (
        'queued', 'submitting', 'uncertain', 'running', 'timed_out', 'archiving',
        'succeeded', 'failed', 'canceled'
    )),
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    sandbox INTEGER NOT NULL CHECK (sandbox IN (0, 1)),
    credential TEXT NOT NULL,
    request TEXT NOT NULL,
    digest TEXT NOT NULL,
    request_id TEXT,
    idempotency_key TEXT NOT NULL,
    quote TEXT NOT NULL,
    max_credits INTEGER,
    attempt INTEGER NOT NULL,
    task_id TEXT,
    status TEXT,
    cancel_wished_at REAL,
    created_at REAL NOT NULL,
    submitted_at REAL,
    finished_at REAL,
    deadline_at REAL,
    expires_at REAL,
    seen_at REAL,
    next_at REAL NOT NULL,
    output_dir TEXT,
    error TEXT,
    differences TEXT NOT NULL,
    owner TEXT,
    claim INTEGER NOT NULL,
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    charged INTEGER CHECK (charged >= 0),
    refunded INTEGER NOT NULL CHECK (refunded >= 0)
) STRICT;

CREATE INDEX jobs_due ON jobs (owner, state, next_at);

CREATE INDEX jobs_state ON jobs (state, expires_at);

CREATE INDEX jobs_credential ON jobs (credential);

CREATE INDEX jobs_created ON jobs (created_at);

CREATE INDEX jobs_task ON jobs (task_id) WHERE task_id IS NOT NULL;

CREATE UNIQUE INDEX jobs_request ON jobs (sandbox, request_id) WHERE request_id IS NOT NULL;

CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    job INTEGER NOT NULL REFERENCES jobs (seq),
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT;

CREATE INDEX events_job ON events (job);

CREATE TABLE ledger (
    seq INTEGER PRIMARY KEY,
    job INTEGER NOT NULL REFERENCES jobs (seq),
    at REAL NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('reserve', 'charge', 'release', 'refund')),
    credits INTEGER NOT NULL CHECK (credits >= 0),
    source TEXT NOT NULL CHECK (source IN ('provider', 'quote', 'learned', 'assumed')),
    note TEXT NOT NULL
) STRICT;

CREATE INDEX ledger_job ON ledger (job);

CREATE TABLE spend (
    sandbox INTEGER NOT NULL,
    quarter INTEGER NOT NULL,
    credential TEXT NOT NULL,
    credits INTEGER NOT NULL CHECK (credits >= 0),
    PRIMARY KEY (sandbox, quarter, credential)
) STRICT, WITHOUT ROWID;

CREATE TABLE submissions (
    job INTEGER NOT NULL REFERENCES jobs (seq),
    attempt INTEGER NOT NULL,
    task_id TEXT,
    record TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (job, attempt)
) STRICT;

CREATE INDEX submissions_task ON submissions (task_id) WHERE task_id IS NOT NULL;

CREATE TABLE outputs (
    job INTEGER NOT NULL REFERENCES jobs (seq),
    position INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE owners (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    lock TEXT NOT NULL,
    lease_until REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE queries (
    name TEXT PRIMARY KEY,
    free_at INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE samples (
    seq INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    sandbox INTEGER NOT NULL,
    unfinished REAL NOT NULL,
    finished REAL NOT NULL,
    at REAL NOT NULL
) STRICT;

CREATE INDEX samples_model ON samples (model, sandbox, at);

CREATE TABLE unpriced (
    model TEXT NOT NULL,
    credential TEXT NOT NULL,
    PRIMARY KEY (model, credential)
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('secret', X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F');
INSERT INTO jobs VALUES (1, 'job-000001', 'running', 'mediaio', 'mediaio/kling-3.0', 0, 'key-a', '{"prompt":"a paper boat","duration":5}', 'digest-a', 'r', 'idempotency-1', '{"credits":30,"source":"table","note":""}', NULL, 1, 'task-1', NULL, NULL, 1001.0, NULL, NULL, NULL, 90000.0, NULL, 0.0, NULL, NULL, '[]', NULL, 0, 0, 25, 0);
INSERT INTO events VALUES (1, 1, 1001.0, 'queued', 'queued', '{}');
INSERT INTO events VALUES (2, 1, 5.0, 'submitting', 'submitting', '{}');
INSERT INTO events VALUES (3, 1, 5.0, 'running', 'running', '{}');
INSERT INTO ledger VALUES (1, 1, 1.0, 'reserve', 30, 'quote', '');
INSERT INTO ledger VALUES (2, 1, 1.0, 'charge', 25, 'quote', '');
INSERT INTO spend VALUES (0, 1, 'key-a', 25);
INSERT INTO submissions VALUES (1, 1, 'task-1', '{"job_id":"job-000001","attempt":1,"owner":"me","claim":1,"credential":"key-a","idempotency_key":"k","method":"POST","url":"https://provider.example/create","headers":[],"body":"","body_file":null,"at":2.0,"ended_at":null,"outcome":"created","status":null,"task_id":"task-1","code":null,"message":"","provider_code":null,"trace_id":null,"server_time":null}', X'7B7D');
INSERT INTO outputs VALUES (1, 0, '{"position":0,"url":"https://media.example/1","sha256":"ab","file":null,"media_type":null,"bytes":null,"width":null,"height":null,"seconds":null,"frames_per_second":null,"has_audio":null,"archived_at":null,"copy":null,"problem":null}');
INSERT INTO owners VALUES ('me', 'here', 1, '/locks/me', 10.0);
INSERT INTO queries VALUES ('mediaio', 1001000001, 0);
INSERT INTO unpriced VALUES ('mediaio/kling-3.0', 'key-a');
