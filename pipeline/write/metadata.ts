/** What GDAL keeps per band in its metadata tag. */
export interface BandMeaning {
  readonly description: string;
  readonly unit?: string;
  readonly scale?: number;
  readonly offset?: number;
  /** Items that GDAL keeps with the band, such as its statistics. */
  readonly items?: Readonly<Record<string, string>>;
}

export interface SplitMetadata {
  readonly tags: {
    readonly imageDescription?: string;
    readonly software?: string;
    readonly datetime?: string;
  };
  readonly items: Readonly<Record<string, string>>;
}

/** GDAL shows some TIFF tags as items named TIFFTAG_…; they are written back as the tags they are. */
export function splitMetadata(metadata: Readonly<Record<string, string>>): SplitMetadata {
  const { TIFFTAG_IMAGEDESCRIPTION, TIFFTAG_SOFTWARE, TIFFTAG_DATETIME, ...items } = metadata;
  return {
    tags: {
      ...(TIFFTAG_IMAGEDESCRIPTION === undefined ? {} : { imageDescription: TIFFTAG_IMAGEDESCRIPTION }),
      ...(TIFFTAG_SOFTWARE === undefined ? {} : { software: TIFFTAG_SOFTWARE }),
      ...(TIFFTAG_DATETIME === undefined ? {} : { datetime: TIFFTAG_DATETIME }),
    },
    items,
  };
}

/**
 * The XML of the GDAL_METADATA tag (42112): dataset items by name, then description, offset, scale and unit of each band.
 * Source: GDAL GTiff driver, "Metadata".
 */
export function gdalMetadata(items: Readonly<Record<string, string>>, bands: readonly BandMeaning[]): string {
  const lines = Object.keys(items)
    .sort()
    .map((name) => `  <Item name="${escapeXml(name)}">${escapeXml(items[name]!)}</Item>`);
  bands.forEach((band, i) => {
    const item = (name: string, value: string) =>
      `  <Item name="${name}" sample="${i}" role="${name.toLowerCase()}">${escapeXml(value)}</Item>`;
    lines.push(item('DESCRIPTION', band.description));
    if (band.offset !== undefined || band.scale !== undefined) {
      lines.push(item('OFFSET', String(band.offset ?? 0)), item('SCALE', String(band.scale ?? 1)));
    }
    if (band.unit !== undefined) lines.push(item('UNITTYPE', band.unit));
    for (const [name, value] of Object.entries(band.items ?? {})) {
      lines.push(`  <Item name="${escapeXml(name)}" sample="${i}">${escapeXml(value)}</Item>`);
    }
  });
  return `<GDALMetadata>\n${lines.join('\n')}\n</GDALMetadata>\n`;
}

function escapeXml(value: string): string {
  return (
    value
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      // XML 1.0 has no way to write most control characters, and a zero byte would end the tag.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, ' ')
  );
}
