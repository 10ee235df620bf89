package io.narthex.push;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.exposition.family.SeriesLabels;
import io.narthex.push.GroupPath.BadPathException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GroupPathTest {
  private static SeriesLabels labels(String... pairs) {
    SeriesLabels.Builder b = new SeriesLabels.Builder();
    for (int i = 0; i < pairs.length; i += 2) {
      b.add(pairs[i], pairs[i + 1]);
    }
    return b.build();
  }

  @Test
  void readsNamesAndValues() throws BadPathException {
    assertThat(GroupPath.read("job/j", false)).isEqualTo(labels("job", "j"));
    assertThat(GroupPath.read("job/j/", false)).isEqualTo(labels("job", "j"));
    assertThat(GroupPath.read("job/j/x/", false)).isEqualTo(labels("job", "j", "x", ""));
    assertThat(GroupPath.read("job/j/b/1/a/2", false))
        .isEqualTo(labels("a", "2", "b", "1", "job", "j"));
    assertThat(GroupPath.read("job/j/x/y/x/z", false)).isEqualTo(labels("job", "j", "x", "z"));
    assertThat(GroupPath.read("job/j/job/k", false)).isEqualTo(labels("job", "j"));
    assertThat(GroupPath.read("job@base64/dGVzdC9qb2I=/x@base64/=", false))
        .isEqualTo(labels("job", "test/job", "x", ""));
    assertThat(GroupPath.read("job/j/x@base64/bGFiZWwvdmFsdWUy===", false))
        .isEqualTo(labels("job", "j", "x", "label/value2"));
  }

  @Test
  void unescapesNamesWhenItIsSwitchedOn() throws BadPathException {
    assertThat(GroupPath.read("job/j/U__a_2e_b/v", false))
        .isEqualTo(labels("U__a_2e_b", "v", "job", "j"));
    assertThat(GroupPath.read("job/j/U__a_2e_b__c/v", true))
        .isEqualTo(labels("a.b_c", "v", "job", "j"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "job/j/x | odd number of components in label string \"/x\"",
        "job/j/x/y/ | odd number of components in label string \"/x/y/\"",
        "job/j/a=b/c | improper label name \"a=b\"",
        "job/j/__x/c | improper label name \"__x\"",
        "job/j/@base64/YQ | improper label name \"\"",
        "job@base64/= | job name is required",
        "job@base64/foo.bar | invalid base64 encoding in job name",
        "job/j/x@base64/_w | the value \"_w\" is not valid UTF-8 once it is decoded",
        "job/j/x@base64/Y | invalid base64 encoding for label x=\"Y\": illegal base64 data at input byte 0"
      })
  void refusesWithTheReason(String path, String message) {
    assertThatThrownBy(() -> GroupPath.read(path, false))
        .isInstanceOf(BadPathException.class)
        .hasMessageContaining(message);
  }
}
