import { describeCases } from './cases.suite.ts';

describeCases('c', 'f');
