#!/usr/bin/env bash
set -euo pipefail

client_id="customer-42"
ref="order-1001"

curl --fail-with-body --silent --show-error \
  "{{ v.base }}/api/v1/links" \
  --header "Authorization: Bearer $ENTRYPASS_KEY" \
  --header "Content-Type: application/json" \
  --data @- <<END | grep -o '"url":"[^"]*"' | head -n 1 | cut -d '"' -f 4
{{ v.shell_body }}
END
