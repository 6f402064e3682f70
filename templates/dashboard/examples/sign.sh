#!/usr/bin/env bash
set -euo pipefail

# Who it is, and your own reference: letters, digits, "-", "." and "_"
# stand as they are; percent-encode everything else.
client_id="customer-42"
ref="order-1001"
exp=$(($(date +%s) + 900)) # good for 15 minutes, at most 7 days

query="client_id=$client_id&ref=$ref&exp=$exp"
sig=$(printf '%s' "{{ v.slug }}?$query" |
  openssl dgst -sha256 -hmac "$ENTRYPASS_SECRET" -r | cut -d ' ' -f 1)
address="{{ v.url }}?$query&sig=$sig"

# Looks whether it holds, and spends nothing.
curl --fail --silent --show-error --head "$address" >/dev/null
echo "$address"
