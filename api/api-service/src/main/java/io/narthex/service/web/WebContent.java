package io.narthex.service.web;

import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/** The files of the web UI; registered as a service by the bundle that contains them. */
@ConsumerType
public interface WebContent {
  /**
   * Opens a file.
   *
   * @param path relative path without leading slash, for example {@code index.html} or {@code
   *     assets/app.js}
   * @return null when there is no such file; the caller closes the stream
   */
  @Nullable InputStream open(String path);
}
