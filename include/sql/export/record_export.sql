-- Remember a finished export, once: a run that is cleared has the same id.
merge into audit.exports as exports
using (
    select
        %(export_id)s as export_id,
        %(mart)s as mart,
        %(export_format)s as export_format,
        %(build_number)s as build_number,
        %(data_through)s::date as data_through,
        %(run_id)s as run_id,
        %(start_day)s::date as start_day,
        %(end_day)s::date as end_day,
        %(part_count)s as part_count,
        %(written_part_count)s as written_part_count,
        %(row_count)s as row_count,
        %(written_row_count)s as written_row_count,
        %(byte_count)s as byte_count,
        %(is_latest)s as is_latest,
        %(manifest_url)s as manifest_url,
        %(code_version)s as code_version,
        %(exported_at)s::timestamp_ntz as exported_at
) as export
    on
        exports.export_id = export.export_id
        and exports.mart = export.mart
when matched
    then update set
        export_format = export.export_format,
        build_number = export.build_number,
        data_through = export.data_through,
        run_id = export.run_id,
        start_day = export.start_day,
        end_day = export.end_day,
        part_count = export.part_count,
        written_part_count = export.written_part_count,
        row_count = export.row_count,
        written_row_count = export.written_row_count,
        byte_count = export.byte_count,
        is_latest = export.is_latest,
        manifest_url = export.manifest_url,
        code_version = export.code_version,
        exported_at = export.exported_at
when not matched
    then insert (
        export_id, mart, export_format, build_number, data_through, run_id, start_day, end_day, part_count,
        written_part_count, row_count, written_row_count, byte_count, is_latest, manifest_url, code_version, exported_at
    ) values (
        export.export_id,
        export.mart,
        export.export_format,
        export.build_number,
        export.data_through,
        export.run_id,
        export.start_day,
        export.end_day,
        export.part_count,
        export.written_part_count,
        export.row_count,
        export.written_row_count,
        export.byte_count,
        export.is_latest,
        export.manifest_url,
        export.code_version,
        export.exported_at
    )
