export declare function node24(root: string, version?: string): Promise<string>;
