import path from "node:path";
import ts from "typescript";

const strict: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  strict: true,
  allowJs: true,
  checkJs: true,
  noEmit: true,
  skipLibCheck: true,
  types: ["node", "jest"],
};

/** What a strict project may have beyond `strict`. */
export const strictest: ts.CompilerOptions = {
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
};

/** What TypeScript has to say of these files under `strict`, and `more` options. */
export function problemsOf(programs: ReadonlyMap<string, string>, more: ts.CompilerOptions = {}): string[] {
  const options = { ...strict, ...more };
  const host = ts.createCompilerHost(options);
  const fileExists = host.fileExists.bind(host);
  const readFile = host.readFile.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  host.fileExists = (file) => programs.has(file) || fileExists(file);
  host.readFile = (file) => programs.get(file) ?? readFile(file);
  host.getSourceFile = (file, version, ...more) => {
    const text = programs.get(file);
    return text === undefined
      ? getSourceFile(file, version, ...more)
      : ts.createSourceFile(file, text, version, true);
  };
  const program = ts.createProgram([...programs.keys()], options, host);
  return [...programs.keys()].flatMap((file) => {
    const source = program.getSourceFile(file)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start = 0, messageText }) => {
        const line = source.text.slice(0, start).split("\n").length;
        const shown = source.text.split("\n")[line - 1]!.slice(0, 100);
        return `${path.basename(file)}: ${shown} — ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
      },
    );
  });
}
