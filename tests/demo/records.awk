# records.awk - turns each line of records.txt into one text file, DIR/Pnnnn.TXT, with the line ends of DOS.
BEGIN { FS = "|" }
/^#/  { next }
{
    file = DIR "/P" $1 ".TXT"
    printf "Parcel:    %s\r\nVolume:    %s\r\nFolio:     %s\r\n", $1, $2, $3 > file
    printf "Area:      %d.%04d ha\r\nUse:       %s\r\nSituation: %s\r\n", $4 / 10000, $4 % 10000, $5, $6 > file
    printf "Owner:     %s\r\nSince:     %s\r\nTitle:     %s\r\nCharges:   %s\r\n", $7, $8, $9, $10 > file
    lines = split($11, remark, /; */)
    for (i = 1; i <= lines; i++) {
        printf "%-11s%s\r\n", i == 1 ? "Remarks:" : "", remark[i] > file
    }
    close(file)
}
