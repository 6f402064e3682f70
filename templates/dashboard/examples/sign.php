<?php
$secret = getenv('ENTRYPASS_SECRET');
$query = http_build_query([
    'client_id' => 'customer-42', // who it is: at most 100 characters, ASCII
    'ref' => 'order-1001', // your own reference; may be left out
    'exp' => time() + 900, // good for 15 minutes, at most 7 days
]);
$sig = hash_hmac('sha256', "{{ v.slug }}?$query", $secret);
echo "{{ v.url }}?$query&sig=$sig\n";
