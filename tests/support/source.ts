import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/** Every file below a folder of the project, with its path from the root. */
export function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name).replaceAll("\\", "/"))
    .sort();
}

export function read(file: string): string {
  return readFileSync(file, "utf8");
}

export function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, read(file), ts.ScriptTarget.ES2022, true);
}

export interface Import {
  /** The module as a path from the root, or the name of a package. */
  from: string;
  typeOnly: boolean;
}

/** What a file imports and re-exports; `~/x` and relative paths are resolved. */
export function importsOf(file: string): Import[] {
  const found: Import[] = [];
  for (const statement of parse(file).statements) {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
    const { moduleSpecifier } = statement;
    if (!moduleSpecifier || !ts.isStringLiteral(moduleSpecifier)) continue;
    found.push({ from: resolve(file, moduleSpecifier.text), typeOnly: isTypeOnly(statement) });
  }
  return found;
}

function resolve(file: string, specifier: string): string {
  if (specifier.startsWith("~/")) return `app/${specifier.slice(2)}`;
  return specifier.startsWith(".") ? path.posix.join(path.posix.dirname(file), specifier) : specifier;
}

function isTypeOnly(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) return statement.isTypeOnly;
  const clause = statement.importClause;
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  return !clause.name && named !== undefined && ts.isNamedImports(named) && named.elements.every((it) => it.isTypeOnly);
}

/** The source of each exported loader and action of a route, by name. */
export function doorsOf(file: string): Map<"loader" | "action", string> {
  const doors = new Map<"loader" | "action", string>();
  const source = parse(file);
  const add = (name: string, text: string) => {
    if (name === "loader" || name === "action") doors.set(name, text);
  };
  const visit = (statement: ts.Statement) => {
    if (ts.isFunctionDeclaration(statement) && statement.name) add(statement.name.text, statement.getText(source));
    if (ts.isVariableStatement(statement)) {
      for (const it of statement.declarationList.declarations) add(it.name.getText(source), it.getText(source));
    }
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
      for (const it of statement.exportClause.elements) {
        add(it.name.text, doors.get((it.propertyName ?? it.name).text as "loader") ?? "");
      }
    }
  };
  source.statements.forEach(visit);
  // `export const action = loader`
  for (const [name, text] of doors) {
    const alias = /=\s*(loader|action);?$/.exec(text)?.[1] as "loader" | "action" | undefined;
    if (alias) doors.set(name, doors.get(alias) ?? "");
  }
  return doors;
}

/** Functions longer than `limit` lines, as "file:line name (lines)". */
export function longFunctions(file: string, limit: number): string[] {
  const source = parse(file);
  const found: string[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isFunctionLike(node) && "body" in node && node.body) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
      const last = source.getLineAndCharacterOfPosition(node.getEnd()).line;
      if (last - first + 1 > limit) found.push(`${file}:${first + 1} (${last - first + 1} lines)`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Names that a file exports, `default` aside. */
export function exportsOf(file: string): string[] {
  const names: string[] = [];
  for (const statement of parse(file).statements) {
    const exported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some((it) => it.kind === ts.SyntaxKind.ExportKeyword);
    const isDefault =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some((it) => it.kind === ts.SyntaxKind.DefaultKeyword);
    if (!exported || isDefault) continue;
    if (ts.isVariableStatement(statement))
      names.push(...statement.declarationList.declarations.map((it) => it.name.getText()));
    else if ("name" in statement && statement.name) names.push((statement.name as ts.Identifier).text);
  }
  return names;
}
