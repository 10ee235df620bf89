package io.narthex.bench.scenarios;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The command line client of Alertmanager: the program, or the requests that it would make. */
interface Amtool {
  /**
   * The output of a command.
   *
   * @param out standard output
   * @param all standard output, then standard error
   */
  record Result(int exit, String out, String all) {}

  /**
   * Runs a command.
   *
   * @param folder where the scenario's files are
   */
  Result run(ScenarioServer server, List<String> arguments, Path folder)
      throws IOException, InterruptedException;

  /** Returns the program of the folder that NARTHEX_PEERS names, or of PATH. */
  static Optional<Amtool> program() {
    String peers = System.getenv("NARTHEX_PEERS");
    String path = System.getenv("PATH");
    return Stream.concat(
            Stream.ofNullable(peers), Stream.of((path == null ? "" : path).split(":", -1)))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, "amtool"))
        .filter(Files::isExecutable)
        .findFirst()
        .map(Program::new);
  }

  /** The program itself. */
  record Program(Path file) implements Amtool {
    @Override
    public Result run(ScenarioServer server, List<String> arguments, Path folder)
        throws IOException, InterruptedException {
      List<String> command = new ArrayList<>(List.of(file.toString()));
      command.add("--alertmanager.url=" + server.url());
      command.add("--no-version-check");
      command.addAll(arguments);
      Path out = Files.createTempFile(folder, "amtool", ".out");
      Path err = Files.createTempFile(folder, "amtool", ".err");
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().put("HOME", folder.toString()); // no configuration of the user's
      builder.environment().put("TZ", "UTC");
      Process process = builder.start();
      process.getOutputStream().close();
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new ScenarioException("amtool " + String.join(" ", arguments) + " does not end");
      }
      String output = Files.readString(out);
      return new Result(process.exitValue(), output, output + Files.readString(err));
    }
  }
}
