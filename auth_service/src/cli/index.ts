/**
 * cli: the command line `auth-service <noun> <verb>`. Owns argument parsing, what is printed where, exit codes
 * (0 done, 1 refused or failed, 2 wrong usage), the life of the server process (banner, signals, deadline), and the
 * question to a server beside it how it is.
 * May use: config to read the environment it is given, compose to open the service, the verbs of the service, and keys
 * and crypto to make keys for Supabase.
 * Does not: hold a rule of its own about clients, roles or schemas, nor read the process's environment.
 */
export { type CliIo, runCli } from './run.ts';
