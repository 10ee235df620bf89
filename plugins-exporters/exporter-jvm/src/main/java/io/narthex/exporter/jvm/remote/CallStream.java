package io.narthex.exporter.jvm.remote;

import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;

/** The objects of one call: each class is followed by where its code is, which is nowhere. */
final class CallStream extends ObjectOutputStream {
  CallStream(OutputStream out) throws IOException {
    super(out);
  }

  @Override
  protected void annotateClass(Class<?> type) throws IOException {
    writeObject(null);
  }

  @Override
  protected void annotateProxyClass(Class<?> type) throws IOException {
    writeObject(null);
  }
}
