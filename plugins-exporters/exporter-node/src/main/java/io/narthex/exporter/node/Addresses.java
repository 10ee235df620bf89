package io.narthex.exporter.node;

/** Texts of IP addresses. */
final class Addresses {
  private Addresses() {}

  /**
   * Returns the usual text of an address of 4 or 16 bytes; for IPv6 that of RFC 5952, with the
   * longest run of zeros shortened.
   *
   * @throws IllegalArgumentException for another length
   */
  static String text(byte[] address) {
    if (address.length == 4) {
      return (address[0] & 255)
          + "."
          + (address[1] & 255)
          + "."
          + (address[2] & 255)
          + "."
          + (address[3] & 255);
    }
    if (address.length != 16) {
      throw new IllegalArgumentException("an address has 4 or 16 bytes, got " + address.length);
    }
    int from = -1;
    int length = 1; // a single zero is not shortened
    for (int i = 0; i < 8; i++) {
      int end = i;
      while (end < 8 && group(address, end) == 0) {
        end++;
      }
      if (end - i > length) {
        from = i;
        length = end - i;
      }
    }
    StringBuilder text = new StringBuilder(39);
    for (int i = 0; i < 8; i++) {
      if (i == from) {
        text.append("::");
        i += length - 1;
        continue;
      }
      if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
        text.append(':');
      }
      text.append(Integer.toHexString(group(address, i)));
    }
    return text.toString();
  }

  private static int group(byte[] address, int index) {
    return (address[2 * index] & 255) << 8 | address[2 * index + 1] & 255;
  }
}
