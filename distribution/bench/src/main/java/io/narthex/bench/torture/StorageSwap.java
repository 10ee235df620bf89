package io.narthex.bench.torture;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;

/** Replaces the storage of a running server by a later version of itself. */
public final class StorageSwap {
  private StorageSwap() {}

  /**
   * Replaces it and waits until the new version is open.
   *
   * @param cycle makes versions differ; counts from 1
   */
  public static void run(ServerUnderTest server, Path assembled, int cycle)
      throws IOException, InterruptedException {
    RepackedJar jar =
        RepackedJar.read(
            assembled.resolve("lib/plugins"),
            "storage-tsdb",
            new VersionMark(
                "io/narthex/storage/tsdb/TsdbStorage.class",
                "tsdb {}: ready with {} series in the head and {} blocks after {} s",
                () -> Files.readString(server.log())));
    HttpResponse<String> answer = server.upload(jar.fileName(), jar.bytes(cycle));
    if (answer.statusCode() != 200) {
      throw new IOException("the storage cannot be replaced: " + answer.body().strip());
    }
    jar.mark().await(cycle);
  }
}
