import json, os, urllib.request

link = json.loads(r'''{{ v.body }}''')
link["token"]["clientId"] = "customer-42"
link["token"]["externalRef"] = "order-1001"

request = urllib.request.Request(
    "{{ v.base }}/api/v1/links",
    data=json.dumps(link).encode(),
    headers={
        "Authorization": "Bearer " + os.environ["ENTRYPASS_KEY"],
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request) as answer:
    print(json.load(answer)["url"])
