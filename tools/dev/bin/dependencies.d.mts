export declare function installDependencies(root: string): Promise<void>;
export declare function isInstalled(root: string, lock: object): boolean;
