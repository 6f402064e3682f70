-- A busy gateway's database, for `dashboard`: names in several scripts, hot links, all states. Each statement is run in chunks
-- of numbers `i` from $1 to $2, of $3 in all; rows are spread over a year from $4 on. $5 is the number of links.

-- links
WITH words (k, name, folded) AS (VALUES
    (0, 'Berlin fair', 'berlin fair'), (1, 'Größe', 'größe'), (2, 'Αθήνα', 'αθήνα'), (3, 'Ярмарка', 'ярмарка'),
    (4, '北京展会', '北京展会'), (5, 'งานแสดงสินค้า', 'งานแสดงสินค้า'), (6, 'मेला', 'मेला'), (7, 'Onboarding', 'onboarding'))
INSERT INTO links (id, slug, name, name_folded, usage_kind, usage_limit, used, expires_at, flow, confirm, resume, accept_ref,
    token, created_at, last_used_at, deactivated_at, exhausted_at, exhausted_told_at, expired_told_at)
SELECT {id}, printf('past-%d', i), printf('%s %d', name, i), printf('%s %d', folded, i),
    CASE i % 10 WHEN 0 THEN 'unlimited' WHEN 3 THEN 'multi' ELSE iif(i % 2, 'single', 'multi') END,
    CASE i % 10 WHEN 0 THEN NULL WHEN 3 THEN 5 ELSE iif(i % 2, 1, 1000) END,
    CASE i % 10 WHEN 0 THEN 10000 WHEN 3 THEN 5 ELSE iif(i % 2, 0, 10) END,
    CASE WHEN i % 10 = 2 THEN {at} + 2592000000 WHEN i % 1000 = 4 THEN {now} + 86400000 END,
    'document_and_selfie', i % 2, 0, 0, '{"country":["DE","AT"],"documents":["PASSPORT","ID_CARD"],"checkAml":true}',
    {at}, {at}, iif(i % 10 = 1, {at} + 60000, NULL), iif(i % 10 = 3, {at} + 60000, NULL), iif(i % 10 = 3, {at} + 60000, NULL),
    iif(i % 10 = 2, {at} + 2592000000, NULL)
FROM n JOIN words ON k = i % 8

-- sessions: one in ten of one hot link; a few are under way, now and of long ago
INSERT INTO sessions (id, link_id, client_id, own_client_id, scan_ref, external_ref, flow, language, via, status, is_final,
    result, failure, created_at, finished_at, token_expires_at)
SELECT {id}, (SELECT id FROM links WHERE slug = printf('past-%d', iif(i % 10, i * 7919 % $5, 0))),
    iif(i % 3, NULL, printf('customer-%d', i % 20000)), iif(i % 3, {id}, NULL), iif(state = 'failed', NULL, {scan_ref}),
    iif(i % 5, NULL, printf('order-%d', i)), 'document_and_selfie', 'en', iif(i % 3, NULL, 'qr'), state,
    state NOT IN ('active', 'reviewing', 'failed'),
    iif(state IN ('active', 'failed'), NULL, '{"fraud":[],"mismatch":[],"auto_document":"DOC_VALIDATED",'
        || '"auto_face":"FACE_MATCH","manual_document":"DOC_VALIDATED","manual_face":"FACE_MATCH"}'),
    iif(state = 'failed', 'timeout', NULL), {at}, iif(state IN ('active', 'reviewing'), NULL, {at} + 90000), {at} + 3600000
FROM (SELECT i, CASE
    WHEN i % 50000 = 49999 OR i > $3 - 200 AND i % 7 = 0 THEN 'active'
    WHEN i % 100 < 60 THEN 'approved' WHEN i % 100 < 80 THEN 'denied' WHEN i % 100 < 85 THEN 'suspected'
    WHEN i % 100 < 93 THEN 'expired' WHEN i % 100 < 96 THEN 'failed' WHEN i % 100 < 97 THEN iif(i > $3 - $3 / 50, 'reviewing', 'approved')
    WHEN i % 100 < 98 THEN 'cancelled' ELSE 'deleted' END AS state FROM n)

-- ignored requests: of each of the last 60 days, those of a tenth of the links and the hot one
INSERT INTO ignored_requests (link_id, day, reason, requests)
SELECT (SELECT id FROM links WHERE slug = printf('past-%d', i % ($3 / 60) * 10)), {now} / 86400000 - i / ($3 / 60) % 60,
    iif(i % 2, 'preview', 'head'), 1 + i % 7
FROM n WHERE TRUE ON CONFLICT DO NOTHING
