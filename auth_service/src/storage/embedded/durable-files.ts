import { fsyncSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/**
 * PGlite runs with fsync off, and its file system would not pass it on. Here a commit is on the disk when it is
 * answered, as on PostgreSQL: a power cut loses nothing that was promised.
 */
export const DURABLE_START_PARAMETERS: readonly string[] = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
  '-c',
  'fsync=on',
  // The other methods end in calls that the file system leaves out.
  '-c',
  'wal_sync_method=fsync',
];

export function durableFiles(directory: string): NodeFS {
  const files = new NodeFS(directory);
  const init = files.init.bind(files);
  files.init = async (database, options) => {
    const started = await init(database, options);
    const passOnFsync = (module: WasmModule) => {
      module.FS.filesystems.NODEFS.stream_ops.fsync = (stream) => {
        if (stream.nfd !== undefined) fsyncSync(stream.nfd);
        return 0;
      };
    };
    const preRun = [...(started.emscriptenOpts.preRun ?? []), passOnFsync];
    return { emscriptenOpts: { ...started.emscriptenOpts, preRun } as typeof started.emscriptenOpts };
  };
  return files;
}

/** The part of Emscripten's module that is touched here. */
interface WasmModule {
  readonly FS: {
    readonly filesystems: {
      readonly NODEFS: { readonly stream_ops: { fsync?: (stream: { readonly nfd?: number }) => number } };
    };
  };
}
