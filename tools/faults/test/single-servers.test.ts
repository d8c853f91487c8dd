import { subsetTest } from './subset.ts';

subsetTest('nothing acknowledged is lost, reordered or there too often, whatever breaks', 'single');
