import { createHmac } from "node:crypto";

const secret = process.env.ENTRYPASS_SECRET;
const query = new URLSearchParams({
  client_id: "customer-42", // who it is: at most 100 characters, ASCII
  ref: "order-1001", // your own reference; may be left out
  exp: Math.floor(Date.now() / 1000) + 900, // 15 minutes, at most 7 days
});
const signed = `{{ v.slug }}?${query}`;
const sig = createHmac("sha256", secret).update(signed).digest("hex");
console.log(`{{ v.url }}?${query}&sig=${sig}`);
