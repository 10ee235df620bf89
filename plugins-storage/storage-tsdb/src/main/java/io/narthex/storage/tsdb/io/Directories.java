package io.narthex.storage.tsdb.io;

import io.narthex.spi.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** What is done to folders as a whole. */
public final class Directories {
  private Directories() {}

  /** Returns the size of all files below a folder. */
  public static long bytesIn(Path folder) {
    try (Stream<Path> walk = Files.walk(folder)) {
      long sum = 0;
      for (Path p : walk.toList()) {
        if (Files.isRegularFile(p)) {
          sum += Files.size(p);
        }
      }
      return sum;
    } catch (IOException | UncheckedIOException e) {
      throw new StorageException.Failed(folder + ": cannot measure: " + e, e);
    }
  }

  /** Forces the entries of a folder to the disk: after a file was made, renamed or deleted. */
  public static void sync(Path folder) throws IOException {
    // an interrupt closes NIO channels: clear the flag and restore it afterwards
    boolean interrupted = Thread.interrupted();
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Deletes a folder of ours with everything in it. */
  public static void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> walk = Files.walk(folder)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path p : all) {
      Files.delete(p);
    }
  }
}
