package io.narthex.exporter.node;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;

/** The header fields of a D-Bus call that are texts, by their code. */
@NullUnmarked
final class RequestFields {
  private RequestFields() {}

  static Map<Integer, String> of(byte[] request) {
    ByteBuffer in = ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN);
    int end = 16 + in.getInt(12);
    Map<Integer, String> all = new HashMap<>();
    int at = 16;
    while (at < end) {
      at = at + 7 & ~7;
      int code = in.get(at);
      char type = (char) in.get(at + 2);
      at += 4; // code, length of the signature, signature, zero
      if (type == 'g') {
        at += 2 + in.get(at);
      } else if (type == 'u') {
        at = (at + 3 & ~3) + 4;
      } else {
        at = at + 3 & ~3;
        int length = in.getInt(at);
        all.put(code, new String(request, at + 4, length, StandardCharsets.UTF_8));
        at += 4 + length + 1;
      }
    }
    return all;
  }
}
