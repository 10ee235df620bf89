package io.narthex.bench.push;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ReplyTest {
  private static Reply reply(int status) {
    return new Reply(status, "");
  }

  @Test
  void statusesAreEqualButForFaultsAndRedirectionsOfTheOriginal() {
    assertThat(reply(200).agrees(reply(200))).isTrue();
    assertThat(reply(200).agrees(reply(202))).isFalse();
    assertThat(reply(400).agrees(reply(0))).isFalse();
    assertThat(reply(0).agrees(reply(400))).isTrue();
    assertThat(reply(0).agrees(reply(200))).isFalse();
    assertThat(reply(301).agrees(reply(404))).isTrue();
    assertThat(reply(307).agrees(reply(400))).isTrue();
    assertThat(reply(307).agrees(reply(200))).isFalse();
  }

  @Test
  void tellsTheDocumentedPartOfARefusal() {
    assertThat(new Reply(400, "job name is required\n").documented())
        .isEqualTo("job name is required");
    assertThat(new Reply(400, "improper label name \"1x\"\n").documented())
        .isEqualTo("improper label name \"1x\"");
    assertThat(new Reply(400, "invalid base64 encoding for label x=\"Y\": …\n").documented())
        .isEqualTo("invalid base64 encoding");
    String invalid = "pushed metrics are invalid or inconsistent with existing metrics: ";
    assertThat(new Reply(400, invalid + "collected metric …\n").documented()).isEqualTo(invalid);
    assertThat(new Reply(400, invalid + "pushed metrics must not have timestamps\n").documented())
        .isEqualTo(invalid + "pushed metrics must not have timestamps");
    assertThat(new Reply(400, "text format parsing error in line 1: …\n").documented()).isEmpty();
  }
}
