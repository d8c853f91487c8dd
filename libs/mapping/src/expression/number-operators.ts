import type { Environment } from '@marcbachmann/cel-js';

type Arithmetic = (a: number, b: number) => number;

const operators: readonly (readonly [string, Arithmetic])[] = [
  ['+', (a, b) => a + b],
  ['-', (a, b) => a - b],
  ['*', (a, b) => a * b],
  ['/', (a, b) => a / b],
  ['%', (a, b) => a % b],
];

/**
 * Arithmetic between a number of the payload and a number in the expression. JSON numbers are doubles to CEL
 * and `payload.speed * 2` would mix them with an int, which CEL as such refuses; the result is a double.
 */
export function registerNumberOperators(environment: Environment): void {
  for (const [operator, apply] of operators) {
    const mixed = (a: number | bigint, b: number | bigint): number => apply(Number(a), Number(b));
    environment.registerOperator(`double ${operator} int: double`, mixed);
    environment.registerOperator(`int ${operator} double: double`, mixed);
  }
  environment.registerOperator('double % double: double', (a: number, b: number) => a % b);
}
