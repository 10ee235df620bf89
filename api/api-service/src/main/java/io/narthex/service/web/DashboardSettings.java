package io.narthex.service.web;

import io.narthex.spi.config.Setting;
import java.nio.file.Path;
import java.util.List;

/**
 * {@code dashboards:} of {@code narthex.yml}: which dashboards are offered besides uploaded ones.
 *
 * @param shipped whether those that come with the server are
 * @param folders folders with files of them
 * @since 1.1
 */
public record DashboardSettings(
    @Setting(
            help = "Whether the dashboards that come with the server are offered",
            defaultValue = "true")
        boolean shipped,
    @Setting(help = "Folders with dashboards as JSON files; changes are seen without a reload")
        List<Folder> folders) {
  /** What counts when the file says nothing. */
  public static final DashboardSettings DEFAULT = new DashboardSettings(true, List.of());

  /** Copies the list. */
  public DashboardSettings {
    folders = List.copyOf(folders);
  }

  /**
   * A folder with files.
   *
   * @param name under which its dashboards are listed; empty for the last part of the path
   */
  public record Folder(
      @Setting(
              help =
                  "Folder whose *.json files are dashboards, those of two levels of folders in it"
                      + " included; relative to the folder of narthex.yml",
              required = true,
              file = true)
          String path,
      @Setting(help = "Name under which they are listed; default: the last part of path")
          String name) {
    /** Returns the name under which its dashboards are listed. */
    public String title() {
      Path last = Path.of(path).getFileName();
      return name.isEmpty() ? last == null ? path : last.toString() : name;
    }
  }
}
