import { pullModel as pull } from '../../host/models/modelHub.ts'
import { AppError } from '../../shared/errors/appError.ts'
import { unwrap } from '../../shared/errors/result.ts'
import { runCommand } from '../commandContext.ts'
import { formatBytes } from '../format.ts'

/** `colliflow models pull NAME`: fetches a network of the ONNX Hub catalogue into the cache. */
export async function pullModel(
  name: string,
  options: { readonly from?: string; readonly json?: boolean },
): Promise<void> {
  await runCommand(options, async (context) => {
    if (options.from !== undefined && !/^https?:$/.test(URL.parse(options.from)?.protocol ?? '')) {
      const message = `--from ${options.from}: expected an http or https address, e.g. https://mirror.example.com/onnx.`
      throw new AppError('usage.invalid', message)
    }
    const card = unwrap(
      await pull(name, {
        ...(options.from && { baseUrl: options.from }),
        signal: context.signal,
        onProgress: ({ bytes, totalBytes, bytesPerSecond }) =>
          context.progress.show(
            `Fetching ${name}: ${formatBytes(bytes)} of ${formatBytes(totalBytes)}, ${formatBytes(bytesPerSecond)}/s`,
          ),
      }),
    )
    context.emit({ type: 'model', ...card })
    if (!context.json) context.print(`Fetched ${card.name}. Next: colliflow models show ${card.name}`)
    return 0
  })
}
