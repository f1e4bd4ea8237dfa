import { describeCases } from './cases.suite.ts';

describeCases('s', 'z');
