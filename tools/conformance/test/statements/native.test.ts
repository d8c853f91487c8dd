import { statementTests } from './statement-cases.ts';

statementTests('native');
