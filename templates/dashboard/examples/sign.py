import hashlib, hmac, os, time
from urllib.parse import urlencode

secret = os.environ["ENTRYPASS_SECRET"]
query = urlencode({
    "client_id": "customer-42",  # who it is: at most 100 characters, ASCII
    "ref": "order-1001",  # your own reference; may be left out
    "exp": int(time.time()) + 900,  # good for 15 minutes, at most 7 days
})
signed = "{{ v.slug }}?" + query
sig = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
print("{{ v.url }}?" + query + "&sig=" + sig)
