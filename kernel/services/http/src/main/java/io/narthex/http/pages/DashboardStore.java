package io.narthex.http.pages;

import io.narthex.http.pages.DashboardDocument.Invalid;
import io.narthex.http.pages.DashboardFiles.Found;
import io.narthex.http.store.Refused;
import io.narthex.http.store.StateFile;
import io.narthex.service.web.DashboardSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The dashboards: files that come with the server, files of configured folders, uploaded ones.
 * Folders are looked at when somebody asks, every {@value #SCAN_MILLIS} ms at most. Thread-safe;
 * one thread at a time reads files. Format of uploaded ones: {@code
 * distribution/docs/formats/dashboards.md}.
 */
public final class DashboardStore {
  /** The most bytes of a dashboard. */
  public static final int MAX_BYTES = DashboardDocument.MAX_BYTES;

  private static final Logger LOG = LoggerFactory.getLogger(DashboardStore.class);
  static final long SCAN_MILLIS = 5000;
  private static final int COPY_BYTES = 16 << 10;

  private final Path uploaded;
  private final DashboardFiles files;
  private final Supplier<DashboardSettings> settings;
  private final Clock clock;
  private Scan last = new Scan(DashboardSettings.DEFAULT, Long.MIN_VALUE, List.of(), Map.of());

  /** What the folders had at a time. */
  private record Scan(
      DashboardSettings settings, long timeMs, List<Found> all, Map<String, Found> byUid) {}

  /**
   * Creates one.
   *
   * @param shipped folder of those that come with the server
   * @param uploaded folder of uploaded ones; created with the first
   * @param settings those in effect
   */
  public DashboardStore(
      Path shipped, Path uploaded, Supplier<DashboardSettings> settings, Clock clock) {
    this.uploaded = uploaded;
    this.files = new DashboardFiles(shipped, uploaded);
    this.settings = settings;
    this.clock = clock;
  }

  /** A dashboard that was found, and its document. */
  public record Opened(Dashboard dashboard, Content content) {}

  /** Writes a document as it is. */
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /** Returns all dashboards by folder and title, with the files that cannot be used. */
  public List<Dashboard> list() {
    return scan().all().stream().map(DashboardStore::dashboard).toList();
  }

  /** Returns the dashboard with a uid, or null. */
  public @Nullable Opened open(String uid) {
    Found found = scan().byUid().get(uid);
    if (found != null && !isUnchanged(found)) {
      synchronized (this) {
        forget();
        found = scan().byUid().get(uid);
      }
    }
    if (found == null) {
      return null;
    }
    Found it = found;
    DashboardDocument document = Objects.requireNonNull(it.document());
    return new Opened(dashboard(it), out -> copy(it, document, out));
  }

  private static boolean isUnchanged(Found found) {
    try {
      return Files.size(found.file()) == found.size()
          && Files.getLastModifiedTime(found.file()).toMillis() == found.changedMs();
    } catch (IOException e) {
      return false;
    }
  }

  /** Copies without holding the document in memory, whatever the pace of the client. */
  private static void copy(Found found, DashboardDocument document, OutputStream out)
      throws IOException {
    Path file = found.file();
    try (InputStream in = Files.newInputStream(file)) {
      if (!isUnchanged(found)) {
        throw new IOException(file + ": was changed while it was read; ask again");
      }
      in.skipNBytes(document.start());
      byte[] buffer = new byte[COPY_BYTES];
      int left = document.end() - document.start();
      while (left > 0) {
        int n = in.read(buffer, 0, Math.min(left, buffer.length));
        if (n < 0) {
          throw new IOException(file + ": became shorter while it was read; ask again");
        }
        out.write(buffer, 0, n);
        left -= n;
      }
    }
  }

  private static Dashboard dashboard(Found f) {
    DashboardDocument document = f.document();
    return new Dashboard(
        document == null ? "" : document.uid(),
        DashboardFiles.title(f),
        document == null ? List.of() : document.tags(),
        f.folder(),
        f.source(),
        f.name(),
        f.changedMs(),
        f.problem());
  }

  private synchronized Scan scan() {
    long now = clock.millis();
    DashboardSettings wanted = settings.get();
    long age = now - last.timeMs();
    if (last.timeMs() != Long.MIN_VALUE
        && age >= 0
        && age < SCAN_MILLIS
        && wanted.equals(last.settings())) {
      return last;
    }
    List<Found> all = files.scan(wanted);
    Map<String, Found> byUid = new HashMap<>();
    for (Found f : all) {
      if (f.document() != null) {
        byUid.put(f.document().uid(), f);
      }
    }
    last = new Scan(wanted, now, all, byUid);
    return last;
  }

  private void forget() {
    last = new Scan(last.settings(), Long.MIN_VALUE, List.of(), Map.of());
  }

  /** A dashboard that was stored. */
  public record Stored(Dashboard dashboard, boolean replaced) {}

  /**
   * Stores an uploaded dashboard.
   *
   * @param overwrite whether it may replace one with the same uid
   * @throws Refused when it is no dashboard or may not be stored, with the reason
   */
  public synchronized Stored put(byte[] bytes, boolean overwrite) throws Refused {
    DashboardDocument document;
    try {
      document = DashboardDocument.read(bytes, null);
    } catch (Invalid e) {
      throw new Refused(400, "the document: " + e.getMessage());
    }
    forget();
    Scan now = scan();
    Found present = now.byUid().get(document.uid());
    if (present != null && present.source() != Dashboard.Source.UPLOADED) {
      throw new Refused(
          409,
          "the uid \""
              + document.uid()
              + "\" is that of the file "
              + present.name()
              + " in "
              + present.folder()
              + "; give the dashboard another uid");
    }
    // somebody may have put it there under another name
    Path file = present == null ? uploaded.resolve(document.uid() + ".json") : present.file();
    refuseIfOther(now, file, document.uid());
    boolean replaced = Files.exists(file);
    if (replaced && !overwrite) {
      throw new Refused(
          409,
          "there is an uploaded dashboard \""
              + document.uid()
              + "\" already"
              + (present == null ? "" : " (" + DashboardFiles.title(present) + ")")
              + "; add ?overwrite=true to replace it");
    }
    checkRoom(now, file, bytes.length);
    try {
      StateFile.createFolder(uploaded);
      StateFile.replace(file, bytes);
      files.forget(file);
    } catch (IOException e) {
      throw failed(file, e);
    }
    forget();
    Found stored = scan().byUid().get(document.uid());
    if (stored == null || !stored.file().equals(file)) {
      throw new Refused(500, file.getFileName() + ": was changed while it was stored; try again");
    }
    return new Stored(dashboard(stored), replaced);
  }

  /** Refuses to touch the file of another dashboard that has the name of this one's. */
  private static void refuseIfOther(Scan now, Path file, String uid) throws Refused {
    for (Found f : now.all()) {
      DashboardDocument held = f.document();
      if (f.file().equals(file) && held != null && !held.uid().equals(uid)) {
        throw new Refused(
            409,
            file.getFileName()
                + " holds the dashboard \""
                + held.uid()
                + "\", not \""
                + uid
                + "\"; rename the file");
      }
    }
  }

  private static void checkRoom(Scan now, Path file, int length) throws Refused {
    long bytes = length;
    int others = 0;
    for (Found f : now.all()) {
      if (f.source() == Dashboard.Source.UPLOADED && !f.file().equals(file)) {
        bytes += f.size();
        others++;
      }
    }
    if (others >= DashboardFiles.MAX_UPLOADED) {
      throw new Refused(
          409,
          "there are " + DashboardFiles.MAX_UPLOADED + " uploaded dashboards already; remove some");
    }
    if (bytes > DashboardFiles.MAX_BYTES) {
      throw new Refused(
          409,
          "uploaded dashboards may have "
              + (DashboardFiles.MAX_BYTES >> 20)
              + " MiB in all; remove some");
    }
  }

  private static Refused failed(Path file, IOException e) {
    LOG.error("{}: cannot be changed: {}", file, StateFile.reason(e));
    return new Refused(500, file.getFileName() + " cannot be changed; the log says why");
  }

  /**
   * Removes an uploaded dashboard, also one whose file cannot be read.
   *
   * @throws Refused when there is none, with the reason
   */
  public synchronized void remove(String uid) throws Refused {
    if (!DashboardDocument.isUid(uid)) {
      throw new Refused(404, "there is no dashboard \"" + uid + "\"");
    }
    forget();
    Scan now = scan();
    Found present = now.byUid().get(uid);
    Path file = uploaded.resolve(uid + ".json");
    if (present != null && present.source() == Dashboard.Source.UPLOADED) {
      file = present.file(); // somebody may have put it there under another name
    } else if (Files.exists(file)) {
      refuseIfOther(now, file, uid);
    } else {
      if (present != null) {
        throw new Refused(
            409,
            "the dashboard \""
                + uid
                + "\" comes from the file "
                + present.name()
                + " in "
                + present.folder()
                + (present.source() == Dashboard.Source.SHIPPED
                    ? "; dashboards.shipped of narthex.yml leaves such ones out"
                    : "; remove it there"));
      } else {
        throw new Refused(404, "there is no dashboard \"" + uid + "\"");
      }
    }
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw failed(file, e);
    }
    forget();
  }
}
