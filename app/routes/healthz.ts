/** Alive: the process answers. Public, and asks nobody. */
export const loader = () => Response.json({ ok: true }, { headers: { "cache-control": "no-store" } });
