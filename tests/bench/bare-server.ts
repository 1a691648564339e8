import { createServer } from "node:http";
import { connect } from "~/db/client.server";
import { verifyEvent } from "~/stripe/signature.server";

/**
 * The yardstick: a server with nothing but the signature check and one SQL call for each delivery.
 * Started by the bench with DATABASE_URL, PORT and SECRET; says "ready".
 */
const sql = connect(String(process.env.DATABASE_URL), 10);
const secret = String(process.env.SECRET);

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    const header = String(request.headers["stripe-signature"]);
    const event = verifyEvent(Buffer.concat(chunks), header, [secret], new Date());
    await sql`
      insert into stripe_event (id, type, livemode, api_version, payload, stripe_created_at)
      values (${event.id}, ${event.type}, ${event.livemode}, ${event.apiVersion}, ${event.payload}, ${event.createdAt})
      on conflict (id) do nothing`;
    response.writeHead(200, { "content-type": "application/json" }).end('{"received":true}');
  });
}).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("ready"));
