import type { ASTNode } from '@marcbachmann/cel-js';

/** Macros that bind their first argument as a name for the others. */
const BINDING_MACROS = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'bind']);

export interface NameUse {
  readonly name: string;
  readonly start: number;
}

export interface CallUse extends NameUse {
  readonly arguments: readonly ASTNode[];
  /** Whether it is called on a value: `x.f()`. */
  readonly method: boolean;
}

/** What an expression refers to. */
export interface Uses {
  /** Free names; those that a macro binds are left out. */
  readonly names: readonly NameUse[];
  readonly calls: readonly CallUse[];
}

export function usesOf(root: ASTNode): Uses {
  const names: NameUse[] = [];
  const calls: CallUse[] = [];

  function visit(node: ASTNode, bound: ReadonlySet<string>): void {
    switch (node.op) {
      case 'id':
        if (!bound.has(node.args)) names.push({ name: node.args, start: node.start });
        return;
      case 'call': {
        const [name, args] = node.args;
        calls.push({ name, start: node.start, arguments: args, method: false });
        visitAll(args, bound);
        return;
      }
      case 'rcall': {
        const [name, receiver, args] = node.args;
        calls.push({ name, start: node.start, arguments: args, method: true });
        visit(receiver, bound);
        visitAll(args, boundBy(name, args, bound));
        return;
      }
      default:
        visitAll(childrenOf(node.args), bound);
    }
  }

  function visitAll(nodes: readonly ASTNode[], bound: ReadonlySet<string>): void {
    for (const node of nodes) visit(node, bound);
  }

  visit(root, new Set());
  return { names, calls };
}

function boundBy(macro: string, args: readonly ASTNode[], bound: ReadonlySet<string>): ReadonlySet<string> {
  const variable = args[0];
  if (!BINDING_MACROS.has(macro) || variable?.op !== 'id') return bound;
  return new Set([...bound, variable.args]);
}

function childrenOf(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return isNode(args) ? [args] : [];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}
