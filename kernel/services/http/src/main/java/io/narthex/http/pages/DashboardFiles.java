package io.narthex.http.pages;

import io.narthex.http.pages.DashboardDocument.Invalid;
import io.narthex.http.store.StateFile;
import io.narthex.service.web.DashboardSettings;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the files of dashboards. A file is read again when its size or time has changed. Confined
 * to one thread at a time.
 */
final class DashboardFiles {
  static final int MAX_FILES = 2000;
  static final long MAX_BYTES = 256L << 20;
  static final int MAX_UPLOADED = 1000;

  private static final int LEVELS = 3;
  private static final int MAX_SEEN = 20_000; // entries of folders, whatever they are
  private static final String SUFFIX = ".json";

  /** What a file was when it was read; it has a document or a problem. */
  private record Read(
      long size, long changedMs, @Nullable DashboardDocument document, @Nullable String problem) {}

  /**
   * A file that is listed.
   *
   * @param name relative to its folder
   * @param document null when there is a problem
   */
  record Found(
      Dashboard.Source source,
      String folder,
      Path file,
      String name,
      long size,
      long changedMs,
      @Nullable DashboardDocument document,
      @Nullable String problem) {}

  private final Path shipped;
  private final Path uploaded;
  private Map<Path, Read> known = new HashMap<>();

  DashboardFiles(Path shipped, Path uploaded) {
    this.shipped = shipped;
    this.uploaded = uploaded;
  }

  /** Returns all files: those of the configured folders, uploaded ones, shipped ones. */
  List<Found> scan(DashboardSettings settings) {
    List<Found> found = new ArrayList<>();
    Map<Path, Read> next = new HashMap<>();
    Budget budget = new Budget(MAX_FILES, MAX_BYTES);
    for (DashboardSettings.Folder folder : settings.folders()) {
      scan(Dashboard.Source.FILE, folder.title(), Path.of(folder.path()), budget, next, found);
    }
    scan(Dashboard.Source.UPLOADED, "Uploaded", uploaded, Budget.ofUploads(), next, found);
    if (settings.shipped()) {
      Budget own = new Budget(MAX_FILES, MAX_BYTES);
      scan(Dashboard.Source.SHIPPED, "Shipped", shipped, own, next, found);
    }
    known = next; // forgets files that are gone
    return alone(found);
  }

  /** Reads a file again in the next scan, whatever its size and time. */
  void forget(Path file) {
    known.remove(file);
  }

  /** How many files and bytes may still be read. */
  private static final class Budget {
    private int files;
    private long bytes;
    private int seen = MAX_SEEN;

    Budget(int files, long bytes) {
      this.files = files;
      this.bytes = bytes;
    }

    static Budget ofUploads() {
      return new Budget(2 * MAX_UPLOADED, Long.MAX_VALUE); // an upload checks the limits
    }
  }

  private void scan(
      Dashboard.Source source,
      String title,
      Path folder,
      Budget budget,
      Map<Path, Read> next,
      List<Found> found) {
    if (source != Dashboard.Source.FILE && !Files.isDirectory(folder)) {
      return; // nothing was uploaded yet, or the server has none
    }
    List<Path> files = new ArrayList<>();
    Map<Path, BasicFileAttributes> attributes = new HashMap<>();
    try {
      Files.walkFileTree(
          folder,
          EnumSet.of(FileVisitOption.FOLLOW_LINKS),
          source == Dashboard.Source.FILE ? LEVELS : 1,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path at, BasicFileAttributes a) {
              return !at.equals(folder) && hidden(at)
                  ? FileVisitResult.SKIP_SUBTREE
                  : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes a) {
              if (--budget.seen < 0) {
                return FileVisitResult.TERMINATE;
              }
              if (a.isRegularFile() && file.toString().endsWith(SUFFIX) && !hidden(file)) {
                files.add(file);
                attributes.put(file, a);
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              found.add(problem(source, title, folder, file, cannotRead(e)));
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      found.add(problem(source, title, folder, folder, cannotRead(e)));
    }
    if (budget.seen < 0) {
      found.add(
          problem(
              source,
              title,
              folder,
              folder,
              "the folders have more than "
                  + MAX_SEEN
                  + " files, the others are not looked at; give dashboards a folder of their own"));
    }
    files.sort(Comparator.naturalOrder());
    for (Path file : files) {
      BasicFileAttributes a = Objects.requireNonNull(attributes.get(file));
      budget.files--;
      budget.bytes -= a.size();
      if (budget.files < 0 || budget.bytes < 0) {
        found.add(
            problem(
                source,
                title,
                folder,
                file,
                "this file and those after it are not read: the folders have more than "
                    + MAX_FILES
                    + " files or "
                    + (MAX_BYTES >> 20)
                    + " MiB; remove some"));
        return;
      }
      Read read = read(file, a);
      next.put(file, read);
      String name = folder.relativize(file).toString();
      found.add(
          new Found(
              source,
              title,
              file,
              name,
              read.size(),
              read.changedMs(),
              read.document(),
              read.problem() == null ? null : name + ": " + read.problem()));
    }
  }

  private static String cannotRead(IOException e) {
    return "cannot be read: " + StateFile.reason(e) + "; correct the folder or its rights";
  }

  private static Found problem(
      Dashboard.Source source, String title, Path folder, Path file, String problem) {
    String name = folder.equals(file) ? folder.toString() : folder.relativize(file).toString();
    return new Found(source, title, file, name, 0, 0, null, name + ": " + problem);
  }

  /** Returns whether a name begins with a dot, as what volumes of Kubernetes keep aside. */
  private static boolean hidden(Path path) {
    return String.valueOf(path.getFileName()).startsWith(".");
  }

  private Read read(Path file, BasicFileAttributes a) {
    long changedMs = a.lastModifiedTime().toMillis();
    Read before = known.get(file);
    if (before != null && before.size() == a.size() && before.changedMs() == changedMs) {
      return before;
    }
    if (a.size() > DashboardDocument.MAX_BYTES) {
      return new Read(
          a.size(),
          changedMs,
          null,
          "a dashboard has at most "
              + DashboardDocument.MAX_BYTES
              + " bytes, got "
              + a.size()
              + "; make it smaller");
    }
    try {
      byte[] bytes;
      try (var in = Files.newInputStream(file)) {
        bytes = in.readNBytes(DashboardDocument.MAX_BYTES + 1);
      }
      String name = String.valueOf(file.getFileName());
      DashboardDocument document =
          DashboardDocument.read(bytes, name.substring(0, name.length() - SUFFIX.length()));
      // what is longer than its attributes say is being written; the next scan reads it again
      return new Read(bytes.length, changedMs, document, null);
    } catch (IOException e) {
      return new Read(a.size(), changedMs, null, cannotRead(e));
    } catch (Invalid e) {
      return new Read(a.size(), changedMs, null, e.getMessage() + "; correct the file");
    }
  }

  /** Gives files whose uid another one has already a problem, and sorts. */
  private static List<Found> alone(List<Found> all) {
    Map<String, Found> byUid = new HashMap<>();
    List<Found> out = new ArrayList<>();
    Set<Path> seen = new HashSet<>();
    for (Found f : all) {
      if (f.document() == null) {
        out.add(f);
        continue;
      }
      if (!seen.add(f.file())) {
        continue; // a folder within another one
      }
      Found first = byUid.putIfAbsent(f.document().uid(), f);
      out.add(first == null ? f : hidden(f, f.document(), first));
    }
    out.sort(
        Comparator.comparing((Found f) -> f.folder().toLowerCase(Locale.ROOT))
            .thenComparing(f -> title(f).toLowerCase(Locale.ROOT))
            .thenComparing(Found::name));
    return out;
  }

  private static Found hidden(Found f, DashboardDocument document, Found first) {
    return new Found(
        f.source(),
        f.folder(),
        f.file(),
        f.name(),
        f.size(),
        f.changedMs(),
        null,
        f.name()
            + ": its uid \""
            + document.uid()
            + "\" is that of "
            + first.name()
            + " in "
            + first.folder()
            + ", which is shown instead; give one of them another uid");
  }

  /** Returns the title of a document, or the name of a file without one. */
  static String title(Found f) {
    return f.document() == null ? f.name() : f.document().title();
  }
}
