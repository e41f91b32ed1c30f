/**
 * cli: the command line `auth-service <noun> <verb>`. Owns argument parsing, what is printed where, exit codes
 * (0 done, 1 refused or failed, 2 wrong usage), and the life of the server process: banner, signals, deadline.
 * May use: config to read the environment it is given, compose to open the service, and the verbs of the service.
 * Does not: hold a rule of its own about clients, roles or schemas, nor read the process's environment.
 */
export { type CliIo, runCli } from './run.ts';
