package io.narthex.bench.torture;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;

/** Updates the grammar and the query engine of a running server by upload. */
final class KernelCycles {
  private static final long PATIENCE_NANOS = 60_000_000_000L;

  private final ServerUnderTest server;
  private final List<RepackedJar> bundles;

  KernelCycles(ServerUnderTest server, Path kernelFolder) throws IOException {
    this.server = server;
    bundles =
        List.of(
            RepackedJar.read(
                kernelFolder,
                "promql-grammar",
                new VersionMark(
                    "io/narthex/promql/PromqlParser.class",
                    "unexpected end of input",
                    () -> server.get("/api/v1/series?match%5B%5D=").body())),
            RepackedJar.read(
                kernelFolder,
                "kernel-query",
                new VersionMark(
                    "io/narthex/query/context/Annotations.class",
                    "PromQL info: ",
                    () -> server.get("/api/v1/query?query=rate(up%5B1m%5D)").body())));
  }

  /**
   * Updates both once.
   *
   * @throws IOException when one is refused or does not run in time
   */
  void run(int cycle) throws IOException, InterruptedException {
    for (RepackedJar bundle : bundles) {
      HttpResponse<String> answer = server.upload(bundle.fileName(), bundle.bytes(cycle));
      if (answer.statusCode() != 200) {
        throw new IOException(
            "kernel cycle "
                + cycle
                + ": upload of "
                + bundle.id()
                + ": "
                + answer.statusCode()
                + " "
                + answer.body().strip());
      }
      await(bundle, cycle);
      bundle.mark().await(cycle);
    }
  }

  private void await(RepackedJar bundle, int cycle) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      var state = server.plugins().get(bundle.id());
      if (state != null
          && state.version().equals(bundle.version(cycle))
          && state.state().equals("running")) {
        return;
      }
      if (System.nanoTime() - deadline > 0) {
        throw new IOException(
            "kernel cycle " + cycle + ": " + bundle.id() + " does not run: " + state);
      }
      Thread.sleep(20);
    }
  }
}
