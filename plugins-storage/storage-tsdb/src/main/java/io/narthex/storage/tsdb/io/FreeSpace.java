package io.narthex.storage.tsdb.io;

import io.narthex.spi.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much room there is on a disk. */
public interface FreeSpace {
  /** The room that the file system of a folder has for this process. */
  FreeSpace OF_FILE_SYSTEM =
      folder -> {
        try {
          return Files.getFileStore(folder).getUsableSpace();
        } catch (IOException e) {
          return Long.MAX_VALUE; // what cannot be asked must not stop the work
        }
      };

  /** Returns the bytes that can still be written to a folder. */
  long bytes(Path folder);

  /**
   * Checks that there is room for a file before it is begun: one that fills the disk takes the room
   * that appends need.
   *
   * @param bytes about how many it will have
   * @throws StorageException.Failed when there is less
   */
  default void require(Path folder, long bytes, String what) {
    long free = bytes(folder);
    if (free < bytes) {
      throw new StorageException.Failed(
          folder
              + ": "
              + what
              + " needs about "
              + bytes
              + " bytes, "
              + free
              + " are free; free some, or lower the retention");
    }
  }
}
