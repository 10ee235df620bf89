package io.narthex.storage.tsdb.io;

import io.narthex.spi.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What is done to folders as a whole. */
public final class Directories {
  /** Ends the name of a folder that is not finished, or half deleted; a start removes it. */
  public static final String TEMPORARY = ".tmp";

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

  /**
   * Deletes a folder so that a crash leaves it whole or under a temporary name, never half deleted
   * under its own.
   */
  public static void remove(Path folder) throws IOException {
    remove(folder, _ -> {});
  }

  /** Deletes a folder; {@code step} is called before each file or folder goes. */
  static void remove(Path folder, Consumer<Path> step) throws IOException {
    Path temporary = folder.resolveSibling(folder.getFileName() + TEMPORARY);
    Files.move(folder, temporary, StandardCopyOption.ATOMIC_MOVE);
    Path parent = folder.toAbsolutePath().getParent();
    if (parent != null) {
      sync(parent);
    }
    deleteTree(temporary, step);
  }

  /** Deletes a folder with everything in it. */
  public static void deleteTree(Path folder) throws IOException {
    deleteTree(folder, _ -> {});
  }

  private static void deleteTree(Path folder, Consumer<Path> step) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> walk = Files.walk(folder)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path p : all) {
      step.accept(p);
      Files.delete(p);
    }
  }
}
