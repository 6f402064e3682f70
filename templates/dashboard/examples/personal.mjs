const link = {{ v.body }};
link.token.clientId = "customer-42";
link.token.externalRef = "order-1001";

const answer = await fetch("{{ v.base }}/api/v1/links", {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.ENTRYPASS_KEY}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify(link),
});
if (!answer.ok) throw new Error(await answer.text());
console.log((await answer.json()).url);
