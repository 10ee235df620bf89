package io.narthex.core;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The folders of the server. */
final class ServerFolders {
  private ServerFolders() {}

  /**
   * Creates the folders of the server and the admin token.
   *
   * @throws StartException when Prometheus wrote the data folder; nothing has been created then
   */
  static void prepare(Path data, Path stateFolder, String storage) {
    String foreign = storage.equals("tsdb") ? DataFolder.ofPrometheus(data) : null;
    if (foreign != null) {
      throw new StartException(
          "opening storage failed: "
              + data
              + ": holds data that Prometheus wrote, got \""
              + foreign
              + "\"; give this server another folder (nothing has been changed)");
    }
    PrivateFolder.create(data);
    create(stateFolder);
    AdminToken.ensure(stateFolder);
  }

  /** Creates a folder unless it exists; returns it when it is writable. */
  static Path create(Path folder) {
    try {
      Files.createDirectories(folder);
      if (!Files.isWritable(folder)) {
        throw new AccessDeniedException(folder.toString());
      }
      return folder;
    } catch (AccessDeniedException e) {
      throw new StartException(
          "opening storage failed: "
              + folder
              + ": permission denied; give the server's user write access or choose another"
              + " --storage.tsdb.path");
    } catch (FileAlreadyExistsException e) {
      throw new StartException(
          "opening storage failed: "
              + e.getFile()
              + ": is a file, not a folder; choose another --storage.tsdb.path");
    } catch (IOException e) {
      throw new StartException(
          "opening storage failed: "
              + folder
              + ": "
              + e.getMessage()
              + "; choose another --storage.tsdb.path");
    }
  }
}
