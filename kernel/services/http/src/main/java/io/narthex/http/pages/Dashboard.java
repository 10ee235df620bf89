package io.narthex.http.pages;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A dashboard in the list.
 *
 * @param uid empty when there is a problem
 * @param title the name of the file when there is a problem
 * @param folder under which it is listed
 * @param file relative to its folder
 * @param problem why it cannot be shown; null when it can
 */
public record Dashboard(
    String uid,
    String title,
    List<String> tags,
    String folder,
    Source source,
    String file,
    long changedMs,
    @Nullable String problem) {
  /** Where a dashboard comes from. */
  public enum Source {
    /** It comes with the server. */
    SHIPPED,
    /** A file of a configured folder. */
    FILE,
    /** Somebody has uploaded it. */
    UPLOADED;

    /** Returns it as the API writes it. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
