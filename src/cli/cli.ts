import { Command, CommanderError, Option } from 'commander'
import { packageVersion } from '../host/packageRoot.ts'

/**
 * The command line. Each command is described here and lives in a file of its own that is loaded only when it runs,
 * because loading everything would cost every command a third of a second.
 */
export async function runCli(argv: readonly string[]): Promise<void> {
  const program = new Command('colliflow')
    .description('Cut a neural network, run its parts on several devices, and measure what happens.')
    .version(packageVersion())
    .showHelpAfterError('(add --help for the options)')
    .exitOverride()
  describeRun(program)
  describeDevices(program)
  describeDocuments(program)
  describeModels(program)
  describeMeasuring(program)
  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Commander has printed its message; help and version are no mistakes.
    const mistaken = error.exitCode !== 0
    if (mistaken && argv.includes('--json')) {
      const message = error.message.replace(/^error: /, '')
      process.stdout.write(`${JSON.stringify({ type: 'error', code: 'usage.invalid', message })}\n`)
    }
    process.exitCode = mistaken ? 2 : 0
  }
}

const jsonOption = () => new Option('--json', 'print one JSON object per line on stdout; everything else on stderr')

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}

function describeRun(program: Command): void {
  program
    .command('run')
    .description('Deploy a graph to its devices, run it over its inputs, print answers and timings.')
    .argument('<file>', 'graph document, e.g. examples/photo-split.graph.json')
    .option('--input <dir>', 'folder of pictures for the image source ("node=dir" if there are several)', collect)
    .option(
      '--device <id=address>',
      'use the device that listens at this address, e.g. server=ws://127.0.0.1:5678',
      collect,
    )
    .option('--output-dir <dir>', 'where embedded devices write tables and recordings', '.')
    .addOption(jsonOption())
    .action(async (file, options) => (await import('./run.ts')).run(file, options))
}

function describeDevices(program: Command): void {
  const shared = (command: Command) =>
    command
      .option(
        '--host <address>',
        'network address to listen on; others than this computer reach it only if you say so',
        '127.0.0.1',
      )
      .option('--name <name>', 'name shown to people')
      .option('--data-dir <dir>', 'where uploaded models are kept')
      .option('--output-dir <dir>', 'where tables and recordings are written', '.')
      .addOption(jsonOption())
  shared(program.command('server').description('Run a blank cloud device that clients deploy to.'))
    .option('--port <number>', 'port to listen on; 0 picks a free one', '5678')
    .action(async (options) => (await import('./device.ts')).device('cloud', options))
  shared(program.command('agent').description('Run a blank edge device that clients deploy to.'))
    .option('--port <number>', 'port to listen on; 0 picks a free one', '6001')
    .action(async (options) => (await import('./device.ts')).device('edge', options))
}

function describeDocuments(program: Command): void {
  program
    .command('validate')
    .description('List every problem of a graph, with its place and what to do.')
    .argument('<file>', 'graph document')
    .addOption(jsonOption())
    .action(async (file, options) => (await import('./validate.ts')).validate(file, options))
  program
    .command('fmt')
    .description('Rewrite a graph document in its canonical form.')
    .argument('<file>', 'graph document')
    .option('--check', 'write nothing; exit 1 if the file is not canonical')
    .addOption(jsonOption())
    .action(async (file, options) => (await import('./fmt.ts')).fmt(file, options))
}

function describeModels(program: Command): void {
  const models = program.command('models').description('The networks on this computer: list, inspect, add, fetch.')
  models
    .command('list')
    .description('Shipped and added models.')
    .addOption(jsonOption())
    .action(async (options) => (await import('./models/list.ts')).listModels(options))
  models
    .command('show')
    .description('One model: ports, preset, labels, source, licence, file.')
    .argument('<name>')
    .addOption(jsonOption())
    .action(async (name, options) => (await import('./models/show.ts')).showModel(name, options))
  models
    .command('cuts')
    .description('Every place where a model can be cut, with the bytes that would cross.')
    .argument('<name>')
    .option('--max-width <tensors>', 'list cuts of up to this many tensors', '4')
    .addOption(jsonOption())
    .action(async (name, options) => (await import('./models/cuts.ts')).listCuts(name, options))
  models
    .command('add')
    .description('Add an ONNX file under its name (or --name).')
    .argument('<file>', 'ONNX file')
    .option('--name <name>', 'name to use instead of the file name')
    .option('--preset <preset>', 'preprocessing: imagenet-tf, imagenet-torch or imagenet-caffe')
    .option('--labels <labels>', 'label set ("imagenet") or a text file with one name per line')
    .addOption(jsonOption())
    .action(async (file, options) => (await import('./models/add.ts')).addModel(file, options))
  models
    .command('pull')
    .description('Fetch a model of the ONNX Hub catalogue by name; resumes, and checks its SHA-256.')
    .argument('<name>', 'e.g. ResNet50 or "SqueezeNet 1.1"')
    .option('--from <url>', 'base address instead of the public one')
    .addOption(jsonOption())
    .action(async (name, options) => (await import('./models/pull.ts')).pullModel(name, options))
}

function describeMeasuring(program: Command): void {
  program
    .command('calibrate')
    .description("Fit the codecs' clips and tables on pictures, and store them beside the graph.")
    .argument('<file>', 'graph document')
    .requiredOption('--photos <dir>', 'pictures to calibrate on; never evaluate on the same ones')
    .addOption(jsonOption())
    .action(async (file, options) => (await import('./calibrate.ts')).calibrate(file, options))
  program
    .command('evaluate')
    .description('Run a graph over labelled pictures: accuracy, agreement with the uncut network, bytes, latency.')
    .argument('<file>', 'graph document')
    .requiredOption('--photos <dir>', 'folder of pictures')
    .requiredOption('--labels <csv>', 'CSV with the columns file and class_index (0-based)')
    .option('--device <id=address>', 'use the device that listens at this address', collect)
    .addOption(jsonOption())
    .action(async (file, options) => (await import('./evaluate.ts')).evaluate(file, options))
}
