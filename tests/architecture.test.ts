import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { NEWEST_MIGRATION } from "~/db/schema.server";
import { envSchema } from "~/env.server";
import { doorsOf, exportsOf, filesBelow, importsOf, longFunctions, read } from "./support/source";

const APP = filesBelow("app", /\.tsx?$/).filter((file) => !file.endsWith(".d.ts"));
const ROUTES = APP.filter((file) => file.startsWith("app/routes/"));
const CODE = [...APP, ...filesBelow("db", /\.ts$/), ...filesBelow("tests", /\.tsx?$/)];

/** Who may import whom inside `app/` (docs/architecture.md). A trailing `*` stands for the whole folder. */
const ARROWS: Array<{ folder: string; may: string[] }> = [
  { folder: "app/auth/", may: ["app/auth/*", "app/db/client.server", "app/env.server", "app/errors"] },
  {
    folder: "app/http/",
    may: [
      "app/http/*",
      "app/errors",
      "app/env.server",
      "app/log.server",
      "app/ui/messages.de",
      "app/db/transaction.server",
      // the operator's actions are guarded, named and attributed in one place
      "app/auth/access.server",
    ],
  },
  {
    folder: "app/operations/",
    may: [
      "app/operations/*",
      "app/billing/*",
      "app/errors",
      "app/db/transaction.server",
      "app/stripe/customer.server",
      "app/stripe/session.server",
      "app/stripe/payment.server",
      "app/stripe/listing.server",
      "app/stripe/price.server",
      "app/stripe/refund.server",
      "app/stripe/signature.server",
      "node:crypto",
      "zod",
    ],
  },
  {
    folder: "app/billing/",
    may: [
      "app/billing/*",
      "app/errors",
      "app/db/transaction.server",
      "app/stripe/customer.server",
      "app/stripe/session.server",
      "app/stripe/payment.server",
      "app/stripe/listing.server",
      "app/stripe/signature.server",
      "node:crypto",
      "zod",
    ],
  },
  {
    folder: "app/ui/",
    may: ["app/ui/*", "react", "react-dom/server", "@remix-run/react", "app/billing/*", "app/operations/*"],
  },
  { folder: "app/db/", may: ["app/db/*", "app/env.server", "app/errors", "postgres", "node:*"] },
  { folder: "app/stripe/", may: ["app/stripe/*", "app/env.server", "app/errors", "stripe", "zod"] },
];

const isAllowed = (from: string, may: string[]) =>
  may.some((rule) => (rule.endsWith("*") ? from.startsWith(rule.slice(0, -1)) : from === rule));

describe("the arrows", () => {
  test.each(ARROWS)("$folder imports only what it may", ({ folder, may }) => {
    const wrong = APP.filter((file) => file.startsWith(folder)).flatMap((file) =>
      importsOf(file)
        .filter(
          (it) =>
            !it.typeOnly &&
            (it.from.startsWith("app/") ||
              ["app/billing/", "app/operations/"].includes(folder) ||
              folder === "app/ui/"),
        )
        .filter((it) => !isAllowed(it.from, may))
        .map((it) => `${file} -> ${it.from}`),
    );
    expect(wrong).toEqual([]);
  });

  test("ui takes no server module but its types", () => {
    const wrong = APP.filter((file) => file.startsWith("app/ui/")).flatMap((file) =>
      importsOf(file)
        .filter((it) => !it.typeOnly && it.from.endsWith(".server"))
        .map((it) => `${file} -> ${it.from}`),
    );
    expect(wrong).toEqual([]);
  });

  test("the domain knows no cycle", () => {
    const graph = new Map(
      APP.filter((file) => /^app\/(billing|operations)\//.test(file)).map((file) => [
        file.replace(/\.tsx?$/, ""),
        importsOf(file)
          .filter((it) => !it.typeOnly)
          .map((it) => it.from),
      ]),
    );
    const walk = (at: string, path: string[]): string | null => {
      if (path.includes(at)) return [...path, at].join(" -> ");
      for (const next of graph.get(at) ?? []) {
        const cycle = graph.has(next) ? walk(next, [...path, at]) : null;
        if (cycle) return cycle;
      }
      return null;
    };
    expect([...graph.keys()].map((file) => walk(file, [])).filter(Boolean)).toEqual([]);
  });

  test("only the transaction helper opens transactions, and nobody sends raw text", () => {
    const wrong = APP.filter((file) => file !== "app/db/transaction.server.ts").filter((file) =>
      /\.begin\(|\.unsafe\(|\.reserve\(/.test(read(file)),
    );
    expect(wrong).toEqual([]);
  });

  test("nothing in the product reads what lies beside the project", () => {
    const wrong = CODE.filter((file) => !file.endsWith(".test.ts")).filter((file) => /\.\.\/shared/.test(read(file)));
    expect(wrong).toEqual([]);
  });
});

/** Who may come in without a session, and what guards the door instead. */
const PUBLIC: Record<string, string> = {
  "app/routes/healthz.ts": "says only that it is alive",
  "app/routes/readyz.ts": "says only whether the database fits",
  "app/routes/metrics.ts": "figures without names",
  "app/routes/login.tsx": "is where a session begins",
  "app/routes/password.tsx": "the link is the proof",
  "app/routes/logout.ts": "is where it ends",
  "app/routes/$.tsx": "always 404",
  "app/routes/api.$.ts": "always 404",
  "app/routes/forbidden.ts": "always 403",
  "app/routes/api.webhooks.stripe.ts": "the signature is the proof",
};

describe("every door is guarded", () => {
  test.each(ROUTES)("%s", (file) => {
    const doors = doorsOf(file);
    expect(doors.size).toBeGreaterThan(0);
    if (file in PUBLIC) return;
    for (const [name, source] of doors) {
      expect(source, `${name} of ${file}`).toMatch(
        /await require(Admin|User|Operator|Device)\(request|methodNotAllowed\(|operatorAction\(args,/,
      );
    }
  });

  test("a page's loaders and actions are functions: a call at module level would stay in the browser's bundle", () => {
    const wrong = ROUTES.filter((file) => file.endsWith(".tsx")).filter((file) =>
      /export const (loader|action)\b/.test(read(file)),
    );
    expect(wrong).toEqual([]);
  });
});

describe("the build", () => {
  const scripts = () => filesBelow("public/build", /\.js$/);

  test("the browser gets no zod, no server code, no names of secrets", () => {
    const words =
      /ZodError|_zod|postgres\.js|argon2|STRIPE_SECRET|STRIPE_WEBHOOK|DATABASE_URL|app_user|tenant_credit_ledger|pageLoader|lr_session/;
    expect(scripts().length).toBeGreaterThan(5);
    expect(scripts().filter((file) => words.test(read(file)))).toEqual([]);
  });

  test("the style sheet is real CSS", () => {
    const [sheet, ...others] = filesBelow("public/build", /\.css$/);
    expect(others).toEqual([]);
    const css = read(String(sheet));
    expect(css.length).toBeGreaterThan(2_000);
    expect(css).toContain(".btn-primary");
    expect(css).not.toMatch(/@tailwind|@apply|@theme|@import/);
  });
});

describe("size and order", () => {
  test("no file above 300 lines", () => {
    const files = [...CODE, ...filesBelow("db/migrations", /\.sql$/)];
    expect(files.filter((file) => read(file).split("\n").length > 301)).toEqual([]);
  });

  test("no function above 70 lines", () => {
    const files = CODE.filter((file) => !file.endsWith(".test.ts"));
    expect(files.flatMap((file) => longFunctions(file, 70))).toEqual([]);
  });

  test("no rooms for leftovers, no barrels", () => {
    const wrong = CODE.filter((file) => /\/(utils|helpers|common|lib)(\/|\.)|\/index\.tsx?$/.test(file));
    expect(wrong).toEqual([]);
  });

  test("every export is used somewhere else", () => {
    const texts = new Map(CODE.map((file) => [file, read(file)]));
    const unused = CODE.filter(
      (file) => !file.startsWith("app/routes/") && !/^app\/(root|entry\.\w+)\.tsx$/.test(file),
    ).flatMap((file) =>
      exportsOf(file)
        .filter((name) => ![...texts].some(([other, text]) => other !== file && new RegExp(`\\b${name}\\b`).test(text)))
        .filter((name) => !isUsedInTypeOf(name, texts.get(file) ?? ""))
        .map((name) => `${file}: ${name}`),
    );
    expect(unused).toEqual([]);
  });

  test("every module is imported, run by a command, or a test", () => {
    const scripts = read("package.json") + read(".ci/run");
    const imported = new Set(CODE.flatMap((file) => importsOf(file).map((it) => it.from)));
    const orphans = CODE.filter((file) => !/^app\/(routes\/|root|entry)|\.test\.tsx?$/.test(file))
      .filter((file) => !imported.has(file.replace(/\.tsx?$/, "")))
      .filter((file) => !scripts.includes(file) && !CODE.some((other) => other !== file && read(other).includes(file)))
      .filter((file) => !read("vitest.config.ts").includes(file));
    expect(orphans).toEqual([]);
  });
});

/** A type that another exported signature of the same file names is part of that signature. */
function isUsedInTypeOf(name: string, text: string): boolean {
  return (text.match(new RegExp(`\\b${name}\\b`, "g")) ?? []).length > 1 && /^[A-Z]/.test(name);
}

describe("papers that must agree with the code", () => {
  test(".env.example names exactly what the environment knows", () => {
    const named = [...read(".env.example").matchAll(/^(?:# )?([A-Z_]+)=/gm)].map((match) => match[1]);
    expect(named.sort()).toEqual(Object.keys(envSchema.shape).sort());
  });

  test("the schema version is the newest migration", () => {
    expect(filesBelow("db/migrations", /\.sql$/).at(-1)).toBe(`db/migrations/${NEWEST_MIGRATION}`);
  });

  test("every link in the papers leads to a file", () => {
    const papers = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...filesBelow("docs", /\.md$/)];
    const broken = papers.flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)]
        .map((match) => String(match[1]))
        .filter((target) => !existsSync(new URL(target, new URL(file, `file://${process.cwd()}/`))))
        .map((target) => `${file} -> ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test("the lock file names no host and holds the floors of known advisories", () => {
    const lock = read("package-lock.json");
    expect(lock).not.toMatch(/"resolved":/);
    const { packages } = JSON.parse(lock) as { packages: Record<string, { version?: string }> };
    const floors: Record<string, string> = {
      "@remix-run/server-runtime": "2.17.5",
      "@remix-run/router": "1.23.3",
      "react-router": "6.30.4",
    };
    for (const [name, floor] of Object.entries(floors)) {
      const version = packages[`node_modules/${name}`]?.version ?? "0";
      expect(version.localeCompare(floor, "en", { numeric: true }), `${name} ${version}`).toBeGreaterThanOrEqual(0);
    }
  });
});
