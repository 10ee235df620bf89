package io.narthex.web;

import io.narthex.service.web.WebContent;
import java.io.InputStream;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Component;

/**
 * The UI's files as they lie in this bundle under {@code web/}. Stateless; every call opens a new
 * stream, from any thread.
 */
@Component(service = WebContent.class)
public final class BundledWebContent implements WebContent {
  private static final String ROOT = "web/";
  private static final Set<String> NOT_SEGMENTS = Set.of("", ".", "..");

  @Override
  public @Nullable InputStream open(String path) {
    if (!isPlain(path)) {
      return null;
    }
    return BundledWebContent.class.getClassLoader().getResourceAsStream(ROOT + path);
  }

  /** Whether the path names a file below the root: no empty, dot or absolute segments. */
  private static boolean isPlain(String path) {
    if (path.indexOf('\\') >= 0 || path.indexOf('\0') >= 0) {
      return false;
    }
    int from = 0;
    while (true) {
      int slash = path.indexOf('/', from);
      String segment = path.substring(from, slash < 0 ? path.length() : slash);
      if (NOT_SEGMENTS.contains(segment)) {
        return false;
      }
      if (slash < 0) {
        // A folder's name would open a listing in some class loaders.
        return segment.indexOf('.') > 0;
      }
      from = slash + 1;
    }
  }
}
