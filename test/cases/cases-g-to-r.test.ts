import { describeCases } from './cases.suite.ts';

describeCases('g', 'r');
