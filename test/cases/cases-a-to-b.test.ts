import { describeCases } from './cases.suite.ts';

describeCases('a', 'b');
