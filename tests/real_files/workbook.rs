use std::fmt::Write;

/// A cell of a sheet.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    Empty,
    Text(&'a str),
    /// A number as it stands in the file.
    Number(&'a str),
    /// A serial number that is shown as a time.
    Time(&'a str),
    /// What a formula gave.
    Formula(&'a str),
    /// The error of a formula, such as `#N/A`.
    Error(&'a str),
}

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const TYPES: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/// A workbook of one sheet.
pub(super) fn one(rows: &[Vec<Cell>]) -> Vec<u8> {
    book(&[("Sheet1", rows)])
}

/// A workbook of named sheets, as small as one may be.
pub(super) fn book(sheets: &[(&str, &[Vec<Cell>])]) -> Vec<u8> {
    let mut texts = Vec::new();
    let mut parts = Vec::new();
    let (mut listed, mut related, mut typed) = (String::new(), String::new(), String::new());
    for (number, (name, rows)) in (1..).zip(sheets) {
        parts.push((format!("xl/worksheets/sheet{number}.xml"), sheet(rows, &mut texts)));
        write!(listed, "<sheet name=\"{}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>", escaped(name)).unwrap();
        related += &relation(number, "worksheet", &format!("worksheets/sheet{number}.xml"));
        typed += &typed_as(&format!("/xl/worksheets/sheet{number}.xml"), "worksheet");
    }
    let next = sheets.len() + 1;
    related += &relation(next, "styles", "styles.xml");
    related += &relation(next + 1, "sharedStrings", "sharedStrings.xml");
    typed += &["workbook", "styles", "sharedStrings"].map(|part| typed_as(&format!("/xl/{part}.xml"), part)).concat();
    let shared = texts.iter().map(|text| format!("<si><t xml:space=\"preserve\">{}</t></si>", escaped(text))).collect::<String>();
    let relations = |inside: &str| format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{inside}</Relationships>");
    let types = "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Default Extension=\"xml\" ContentType=\"application/xml\"/>";
    // Style 1 shows a number as a date and a time.
    let styles = "<fonts count=\"1\"><font/></fonts><fills count=\"1\"><fill/></fills><borders count=\"1\"><border/></borders>\
                  <cellStyleXfs count=\"1\"><xf/></cellStyleXfs>\
                  <cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\" applyNumberFormat=\"1\"/></cellXfs>";
    parts.extend([
        ("[Content_Types].xml".to_owned(), format!("<Types xmlns=\"{PACKAGE}/content-types\">{types}{typed}</Types>")),
        ("_rels/.rels".to_owned(), relations(&relation(1, "officeDocument", "xl/workbook.xml"))),
        ("xl/_rels/workbook.xml.rels".to_owned(), relations(&related)),
        ("xl/workbook.xml".to_owned(), format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{listed}</sheets></workbook>")),
        ("xl/styles.xml".to_owned(), format!("<styleSheet xmlns=\"{MAIN}\">{styles}</styleSheet>")),
        ("xl/sharedStrings.xml".to_owned(), format!("<sst xmlns=\"{MAIN}\">{shared}</sst>")),
    ]);
    zip(&parts)
}

fn relation(number: usize, kind: &str, target: &str) -> String {
    format!("<Relationship Id=\"rId{number}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
}

fn typed_as(part: &str, kind: &str) -> String {
    let kind = if kind == "workbook" { "sheet.main" } else { kind };
    format!("<Override PartName=\"{part}\" ContentType=\"{TYPES}.{kind}+xml\"/>")
}

fn sheet(rows: &[Vec<Cell>], texts: &mut Vec<String>) -> String {
    let mut xml = String::new();
    for (number, row) in (1..).zip(rows) {
        write!(xml, "<row r=\"{number}\">").unwrap();
        for (letter, cell) in ('A'..='Z').zip(row) {
            let at = format!("r=\"{letter}{number}\"");
            let cell = match cell {
                Cell::Empty => continue,
                Cell::Text(text) => {
                    texts.push((*text).to_owned());
                    format!("<c {at} t=\"s\"><v>{}</v></c>", texts.len() - 1)
                }
                Cell::Number(number) => format!("<c {at}><v>{number}</v></c>"),
                Cell::Error(error) => format!("<c {at} t=\"e\"><v>{error}</v></c>"),
                Cell::Time(number) => format!("<c {at} s=\"1\"><v>{number}</v></c>"),
                Cell::Formula(text) => format!("<c {at} t=\"str\"><f>CONCATENATE(\"\")</f><v>{}</v></c>", escaped(text)),
            };
            xml += &cell;
        }
        xml += "</row>";
    }
    format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{xml}</sheetData></worksheet>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A ZIP archive whose members are stored as they are.
fn zip(parts: &[(String, String)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in parts {
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n{text}");
        let starts_at = bytes.len() as u32;
        // Version, flags, method, time and date; then what the bytes are.
        let mut header = [20u16, 0x0800, 0, 0, 0x21].map(u16::to_le_bytes).concat();
        header.extend([crc(text.as_bytes()), text.len() as u32, text.len() as u32].map(u32::to_le_bytes).concat());
        header.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
        bytes.extend([b"PK\x03\x04", &header[..], name.as_bytes(), text.as_bytes()].concat());
        directory.extend([b"PK\x01\x02", &20u16.to_le_bytes()[..], &header, &[0; 10], &starts_at.to_le_bytes(), name.as_bytes()].concat());
    }
    let count = (parts.len() as u16).to_le_bytes();
    let place = [directory.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat();
    let end = [b"PK\x05\x06", &[0; 4][..], &count, &count, &place, &[0; 2]].concat();
    [bytes, directory, end].concat()
}

/// CRC-32, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// `2026-09-01 10:00:20` as the number that spreadsheets hold: days since 30 December 1899.
pub(super) fn serial(at: &str) -> String {
    let at: jiff::civil::DateTime = at.parse().unwrap();
    let since = at.duration_since(jiff::civil::date(1899, 12, 30).at(0, 0, 0, 0));
    format!("{:.10}", since.as_secs() as f64 / 86_400.0)
}
