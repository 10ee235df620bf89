package io.narthex.http.access;

import java.util.List;
import java.util.Set;

/**
 * Which permission a request needs, in one table. The first row that matches counts. A request that
 * no row matches needs {@link Permission#READ} when it reads, and the admin when it changes
 * something.
 */
public final class Rights {
  private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS");
  private static final Set<String> GET = Set.of("GET", "HEAD");
  private static final Set<String> POST = Set.of("POST");
  private static final Set<String> CHANGES = Set.of("POST", "PUT", "DELETE");

  /**
   * A row of the table.
   *
   * @param path a path; with {@code /*} at its end also everything below it
   */
  public record Row(Set<String> methods, String path, Permission needs) {
    boolean fits(String method, String asked) {
      if (!methods.contains(method)) {
        return false;
      }
      if (!path.endsWith("/*")) {
        return asked.equals(path);
      }
      int length = path.length() - 2;
      return asked.startsWith(path.substring(0, length))
          && (asked.length() == length || asked.charAt(length) == '/');
    }
  }

  /** The paths are those without the route prefix. */
  private static final List<Row> ROWS =
      List.of(
          new Row(GET, "/-/healthy", Permission.NONE),
          new Row(GET, "/-/ready", Permission.NONE),
          new Row(GET, "/login", Permission.NONE),
          new Row(GET, "/assets/*", Permission.NONE),
          new Row(POST, "/narthex/api/v1/login", Permission.NONE),
          new Row(POST, "/narthex/api/v1/logout", Permission.NONE),
          new Row(GET, "/narthex/api/v1/session", Permission.NONE),
          new Row(GET, "/narthex/api/v1/oidc/*", Permission.NONE),
          new Row(POST, "/api/v1/query", Permission.READ),
          new Row(POST, "/api/v1/query_range", Permission.READ),
          new Row(POST, "/api/v1/query_exemplars", Permission.READ),
          new Row(POST, "/api/v1/format_query", Permission.READ),
          new Row(POST, "/api/v1/parse_query", Permission.READ),
          new Row(POST, "/api/v1/labels", Permission.READ),
          new Row(POST, "/api/v1/series", Permission.READ),
          new Row(POST, "/api/v1/read", Permission.READ),
          new Row(CHANGES, "/api/v2/*", Permission.OPERATE),
          new Row(CHANGES, "/api/v1/write/*", Permission.OPERATE),
          new Row(CHANGES, "/api/v1/otlp/*", Permission.OPERATE),
          new Row(CHANGES, "/metrics/*", Permission.OPERATE),
          new Row(CHANGES, "/-/reload", Permission.OPERATE),
          new Row(CHANGES, "/narthex/api/v1/dashboards/*", Permission.OPERATE),
          new Row(CHANGES, "/narthex/api/v1/history", Permission.OWN),
          new Row(CHANGES, "/narthex/api/v1/queries/*", Permission.OPERATE),
          new Row(CHANGES, "/narthex/api/v1/plugins/*", Permission.PLUGINS),
          new Row(
              Set.of("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"),
              "/narthex/api/v1/tokens/*",
              Permission.TOKENS));

  private Rights() {}

  /** Returns the table. */
  public static List<Row> rows() {
    return ROWS;
  }

  /**
   * Returns what a request needs.
   *
   * @param path decoded, without dot segments and without the route prefix
   */
  public static Permission needed(String method, String path) {
    for (Row row : ROWS) {
      if (row.fits(method, path)) {
        return row.needs();
      }
    }
    return reads(method) ? Permission.READ : Permission.SERVER;
  }

  /** Returns whether a method changes nothing. */
  static boolean reads(String method) {
    return READS.contains(method);
  }

  /** Returns whether a request changes something; posted queries do not. */
  static boolean changes(String method, String path) {
    return !reads(method) && needed(method, path) != Permission.READ;
  }
}
