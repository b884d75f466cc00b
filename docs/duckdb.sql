-- The audit's questions in DuckDB: those of the README, "Auditing the dataset in Polars". From the folder of the pipeline
-- file, `duckdb < docs/duckdb.sql`, or one by one. `docs/tables.md` says what each column means.

CREATE OR REPLACE TEMP VIEW clips AS
FROM read_parquet('artifacts/manifest/clips.parquet');

-- Emotions by corpus: clips, minutes, speakers
SELECT emotion, corpus, count(*) AS clips, sum(duration_s) / 60 AS minutes, count(DISTINCT speaker) AS speakers
FROM clips
GROUP BY emotion, corpus
ORDER BY emotion, corpus;

-- Effective number of classes: e to the power of the entropy of their shares
WITH shares AS (
    SELECT count(*) / sum(count(*)) OVER () AS share FROM clips GROUP BY emotion
)
SELECT exp(-sum(share * ln(share))) AS effective_classes
FROM shares;

-- What goes with what?
FROM read_parquet('artifacts/audit/associations.parquet')
ORDER BY cramers_v DESC NULLS LAST;

-- What does the recording alone give away?
FROM read_parquet('artifacts/audit/shortcuts.parquet')
WHERE skill > 0.3
ORDER BY skill DESC;

-- Upsampled or low-passed clips
SELECT clip_id, bandwidth_hz, sample_rate_hz
FROM clips
WHERE bandwidth_hz < 0.75 * sample_rate_hz / 2;

-- What was left out, and why
SELECT corpus, reason, count(*) AS files
FROM read_parquet('artifacts/manifest/exclusions.parquet')
GROUP BY corpus, reason
ORDER BY corpus, reason;

-- Takes that are there twice
FROM read_parquet('artifacts/audit/near_duplicates.parquet');

-- Which clips does the model get wrong, on speakers it has never heard?
SELECT p.emotion, p.predicted, count(*) AS clips, list(DISTINCT c.intensity) AS intensities
FROM read_parquet('artifacts/evaluation/predictions.parquet') AS p
JOIN clips AS c USING (clip_id)
WHERE p.split = 'speaker_independent' AND p.model = 'cnn_lstm' AND p.emotion <> p.predicted
GROUP BY p.emotion, p.predicted
ORDER BY clips DESC
LIMIT 10;
