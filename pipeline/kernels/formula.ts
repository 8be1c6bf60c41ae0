import { HeituError } from '../core/error.ts';

/** Functions a formula may call, with how many arguments each takes. */
export const FUNCTIONS = {
  sqrt: 1,
  tanh: 1,
  exp: 1,
  log: 1,
  abs: 1,
  min: 2,
  max: 2,
} as const satisfies Record<string, number>;

export type FunctionName = keyof typeof FUNCTIONS;
export type BinaryOperator = '+' | '-' | '*' | '/' | '**';

/** A formula as a tree; the one form of it that is ever run or printed. */
export type Node =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'band'; readonly name: string }
  | { readonly kind: 'unary'; readonly op: '-'; readonly of: Node }
  | { readonly kind: 'binary'; readonly op: BinaryOperator; readonly left: Node; readonly right: Node }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly args: readonly Node[] }
  | Checked;

/** A value that counts only where its conditions hold. Made from table rows; no text can spell it. */
export interface Checked {
  readonly kind: 'checked';
  readonly of: Node;
  readonly requires: readonly Bound[];
  /** What counts instead; null when nothing does, and the pixel has no value. */
  readonly otherwise: Node | null;
}

/** `min ≤ of ≤ max`, both ends allowed; null is no bound. "No number" is within none. */
export interface Bound {
  readonly of: Node;
  readonly min: number | null;
  readonly max: number | null;
}

/** Longest formula in characters, and deepest tree (SAFETY section 4: what is typed is bounded before it is read). */
export const MAX_LENGTH = 2000;
export const MAX_DEPTH = 64;

/** One token: a number, a name, an operator or a bracket. Sticky, so that reading is linear and nothing is skipped. */
const TOKEN = /\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([A-Za-z][A-Za-z0-9]*)|(\*\*|[-+*/(),]))/y;

/** Band codes begin with a capital and are short: `N`, `RE1`, `S2`. */
const BAND_NAME = /^[A-Z][A-Za-z0-9]{0,7}$/;

interface Token {
  readonly kind: 'number' | 'name' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

interface Parser {
  readonly text: string;
  readonly tokens: readonly Token[];
  next: number;
  depth: number;
}

/**
 * Reads arithmetic over band codes: numbers, `+ - * / **` (`**` binds tightest and to the right, as in Python),
 * brackets and the functions of FUNCTIONS. Everything else is refused, so text from outside may use the same door.
 * Throws E_FORMULA_SYNTAX with the place (1-based column). `parseFormula('(N - R)/(N + R)')` is a division.
 */
export function parseFormula(text: string): Node {
  if (text.length > MAX_LENGTH) throw refusal(text, `longer than ${MAX_LENGTH} characters`);
  const parser: Parser = { text, tokens: tokensOf(text), next: 0, depth: 0 };
  const node = sum(parser);
  const rest = peek(parser);
  if (rest.kind !== 'end') throw unexpected(parser, rest);
  if (depthOf(node) > MAX_DEPTH) throw refusal(text, `nested deeper than ${MAX_DEPTH}`);
  return node;
}

/** Band codes of a formula in order of first appearance. `bandsOf(parseFormula('(N - R)/(N + R)'))` is `['N', 'R']`. */
export function bandsOf(node: Node): string[] {
  const names = new Set<string>();
  const visit = (n: Node): void => {
    if (n.kind === 'band') names.add(n.name);
    for (const child of childrenOf(n)) visit(child);
  };
  visit(node);
  return [...names];
}

function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'unary':
      return [node.of];
    case 'binary':
      return [node.left, node.right];
    case 'call':
      return node.args;
    case 'checked':
      return [
        node.of,
        ...node.requires.map((bound) => bound.of),
        ...(node.otherwise ? [node.otherwise] : []),
      ];
    default:
      return [];
  }
}

function depthOf(node: Node): number {
  return 1 + Math.max(0, ...childrenOf(node).map(depthOf));
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) {
      const column = at + text.slice(at).search(/\S/) + 1;
      throw refusal(text, `unexpected ${JSON.stringify(text[column - 1])} at column ${column}`, column);
    }
    const [whole, number, name, sign] = match;
    const token = number ?? name ?? sign!;
    const kind = number !== undefined ? 'number' : name !== undefined ? 'name' : 'sign';
    tokens.push({ kind, text: token, at: at + whole.length - token.length + 1 });
    at += whole.length;
  }
  tokens.push({ kind: 'end', text: '', at: end + 1 });
  return tokens;
}

/** sum = product (('+' | '-') product)* */
function sum(parser: Parser): Node {
  let left = product(parser);
  for (;;) {
    const op = peek(parser).text;
    if (op !== '+' && op !== '-') return left;
    parser.next += 1;
    left = { kind: 'binary', op, left, right: product(parser) };
  }
}

/** product = factor (('*' | '/') factor)* */
function product(parser: Parser): Node {
  let left = factor(parser);
  for (;;) {
    const op = peek(parser).text;
    if (op !== '*' && op !== '/') return left;
    parser.next += 1;
    left = { kind: 'binary', op, left, right: factor(parser) };
  }
}

/** factor = ('-' | '+') factor | power */
function factor(parser: Parser): Node {
  const sign = peek(parser).text;
  if (sign !== '-' && sign !== '+') return power(parser);
  parser.next += 1;
  const of = nested(parser, factor);
  return sign === '+' ? of : { kind: 'unary', op: '-', of };
}

/** power = atom ('**' factor)?, so that `-N**2` is −(N²) and `2**-1` is a half. */
function power(parser: Parser): Node {
  const left = atom(parser);
  if (peek(parser).text !== '**') return left;
  parser.next += 1;
  return { kind: 'binary', op: '**', left, right: nested(parser, factor) };
}

/** atom = number | band | function '(' sum (',' sum)* ')' | '(' sum ')' */
function atom(parser: Parser): Node {
  const token = peek(parser);
  parser.next += 1;
  if (token.kind === 'number') return numberNode(parser, token);
  if (token.kind === 'name') return peek(parser).text === '(' ? call(parser, token) : band(parser, token);
  if (token.text !== '(') throw unexpected(parser, token);
  const inner = nested(parser, sum);
  expect(parser, ')');
  return inner;
}

function numberNode(parser: Parser, token: Token): Node {
  const value = Number(token.text);
  // A constant outside float32 would turn into infinity on one back end and an error on another.
  if (!Number.isFinite(Math.fround(value)))
    throw refusal(parser.text, `${token.text} at column ${token.at} is too large`, token.at);
  return { kind: 'number', value };
}

function band(parser: Parser, token: Token): Node {
  if (!BAND_NAME.test(token.text))
    throw refusal(parser.text, `${token.text} at column ${token.at} is no band code`, token.at);
  return { kind: 'band', name: token.text };
}

function call(parser: Parser, token: Token): Node {
  if (!isFunctionName(token.text))
    throw refusal(parser.text, `there is no function ${token.text} (column ${token.at})`, token.at);
  expect(parser, '(');
  const args = [nested(parser, sum)];
  while (peek(parser).text === ',') {
    parser.next += 1;
    args.push(nested(parser, sum));
  }
  expect(parser, ')');
  const wanted = FUNCTIONS[token.text];
  if (args.length !== wanted)
    throw refusal(parser.text, `${token.text} takes ${wanted} argument(s), not ${args.length}`, token.at);
  return { kind: 'call', name: token.text, args };
}

function isFunctionName(text: string): text is FunctionName {
  return Object.hasOwn(FUNCTIONS, text);
}

function nested(parser: Parser, rule: (parser: Parser) => Node): Node {
  parser.depth += 1;
  if (parser.depth > MAX_DEPTH) throw refusal(parser.text, `nested deeper than ${MAX_DEPTH}`);
  const node = rule(parser);
  parser.depth -= 1;
  return node;
}

function peek(parser: Parser): Token {
  // The last token is always `end`, and no rule moves past it without throwing.
  return parser.tokens[parser.next]!;
}

function expect(parser: Parser, sign: string): void {
  const token = peek(parser);
  if (token.text !== sign) throw unexpected(parser, token, sign);
  parser.next += 1;
}

function unexpected(parser: Parser, token: Token, wanted?: string): HeituError {
  const seen = token.kind === 'end' ? 'it ends too early' : `unexpected ${token.text} at column ${token.at}`;
  return refusal(parser.text, wanted === undefined ? seen : `${seen}, expected ${wanted}`, token.at);
}

function refusal(text: string, what: string, column?: number): HeituError {
  const where = text.length > 80 ? `${text.slice(0, 79)}…` : text || '(empty)';
  return new HeituError('E_FORMULA_SYNTAX', { where, what, ...(column === undefined ? {} : { column }) });
}
